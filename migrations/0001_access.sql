-- Who may do what in the database. Two roles, neither of which can log in or bypass row-level security; the service
-- takes one on for the length of a transaction (SET LOCAL ROLE). They are made before the migrations (migrate.ts).
--   hccgap_app     a tenant's transaction: that tenant's rows and no other's
--   hccgap_system  work across tenants: leases work items, looks up keys and tenants; it reaches no PHI table
GRANT USAGE ON SCHEMA public TO hccgap_app, hccgap_system;
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO hccgap_app;
--> statement-breakpoint
-- Append-only tables: rows are added and read, never changed (security U-3, I-3).
REVOKE UPDATE, DELETE ON audit_log, gap_events, review_marks, tenant_settings FROM hccgap_app;
--> statement-breakpoint
REVOKE INSERT, UPDATE, DELETE ON audit_heads FROM hccgap_app;
--> statement-breakpoint
REVOKE INSERT, UPDATE, DELETE ON tenants FROM hccgap_app;
--> statement-breakpoint
REVOKE DELETE ON members, gaps, queries, submissions, api_keys, batches, work_items FROM hccgap_app;
--> statement-breakpoint
GRANT SELECT, INSERT ON tenants TO hccgap_system;
--> statement-breakpoint
GRANT SELECT ON api_keys TO hccgap_system;
--> statement-breakpoint
GRANT UPDATE (last_used_at) ON api_keys TO hccgap_system;
--> statement-breakpoint
GRANT SELECT, UPDATE ON work_items TO hccgap_system;
--> statement-breakpoint
DO $$
DECLARE t text;
BEGIN
  FOR t IN
    SELECT c.relname FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public'
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
    WHERE c.relkind IN ('r', 'p')
  LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format(
      'CREATE POLICY tenant ON %I USING (tenant_id = nullif(current_setting(''app.tenant'', true), '''')::uuid)
       WITH CHECK (tenant_id = nullif(current_setting(''app.tenant'', true), '''')::uuid)', t);
  END LOOP;
END $$;
--> statement-breakpoint
ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE tenants FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY tenant ON tenants FOR SELECT USING (id = nullif(current_setting('app.tenant', true), '')::uuid);
--> statement-breakpoint
CREATE POLICY system_work ON tenants TO hccgap_system USING (true) WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY system_work ON api_keys TO hccgap_system USING (true) WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY system_work ON work_items TO hccgap_system USING (true) WITH CHECK (true);
--> statement-breakpoint
ALTER TABLE submissions ADD CONSTRAINT approver_differs_from_coder CHECK (approver IS DISTINCT FROM coder);
--> statement-breakpoint
ALTER TABLE batches ADD CONSTRAINT nothing_dropped CHECK (received = accepted + rejected AND duplicates <= accepted);
--> statement-breakpoint
-- What the hash of an audit row covers: every column but the hash itself, in one unambiguous text.
CREATE FUNCTION audit_row_hash(r audit_log) RETURNS text LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT encode(sha256(convert_to(jsonb_build_array(
    r.prev_hash, r.tenant_id, r.seq, to_char(r.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), r.actor, r.role, r.action,
    r.resource, r.resource_id, r.member_ids, r.purpose, r.outcome, r.request_id, r.source_address, r.detail
  )::text, 'UTF8')), 'hex')
$$;
--> statement-breakpoint
-- Links a new row to the head of its tenant's chain. SECURITY DEFINER: the service's role may add to the log but not
-- touch the head. The head's row lock puts appends of one tenant in order.
CREATE FUNCTION audit_chain() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE head audit_heads;
BEGIN
  INSERT INTO audit_heads (tenant_id, seq, hash) VALUES (NEW.tenant_id, 0, '') ON CONFLICT DO NOTHING;
  SELECT * INTO STRICT head FROM audit_heads WHERE tenant_id = NEW.tenant_id FOR UPDATE;
  NEW.seq := head.seq + 1;
  NEW.prev_hash := head.hash;
  NEW.hash := audit_row_hash(NEW);
  UPDATE audit_heads SET seq = NEW.seq, hash = NEW.hash WHERE tenant_id = NEW.tenant_id;
  RETURN NEW;
END $$;
--> statement-breakpoint
CREATE TRIGGER audit_chain BEFORE INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION audit_chain();
