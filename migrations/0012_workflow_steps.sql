CREATE TABLE "workflow_steps" (
	"tenant_id" uuid DEFAULT nullif(current_setting('app.tenant', true), '')::uuid NOT NULL,
	"id" bigint GENERATED ALWAYS AS IDENTITY (sequence name "workflow_steps_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"subject" text NOT NULL,
	"subject_id" uuid NOT NULL,
	"gap_id" text NOT NULL,
	"member_id" uuid NOT NULL,
	"version" integer NOT NULL,
	"from_status" text,
	"to_status" text NOT NULL,
	"actor" text NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	"changed" jsonb NOT NULL,
	CONSTRAINT "workflow_steps_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
CREATE INDEX "workflow_steps_gap" ON "workflow_steps" USING btree ("tenant_id","gap_id","id");--> statement-breakpoint
CREATE INDEX "workflow_steps_member" ON "workflow_steps" USING btree ("tenant_id","member_id");
--> statement-breakpoint
-- Append-only for the service: no right to change or remove a step.
GRANT SELECT, INSERT ON workflow_steps TO hccgap_app;
--> statement-breakpoint
ALTER TABLE workflow_steps ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE workflow_steps FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY tenant ON workflow_steps USING (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid)
  WITH CHECK (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
--> statement-breakpoint
-- Notes a step beside the row it moved, in the same transaction: a change of state without its step cannot be written.
CREATE FUNCTION note_workflow_step() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  after jsonb := to_jsonb(NEW);
  before jsonb := CASE WHEN TG_OP = 'UPDATE' THEN to_jsonb(OLD) END;
BEGIN
  INSERT INTO workflow_steps (tenant_id, subject, subject_id, gap_id, member_id, version, from_status, to_status, actor, changed)
  VALUES (NEW.tenant_id, TG_TABLE_NAME, NEW.id, NEW.gap_id, NEW.member_id, NEW.version,
    coalesce(before ->> 'status', before ->> 'state'), coalesce(after ->> 'status', after ->> 'state'),
    coalesce(nullif(current_setting('app.actor', true), ''), 'service'),
    (SELECT coalesce(jsonb_object_agg(f.key, f.value), '{}') FROM jsonb_each(after) f
      WHERE f.key NOT IN ('tenant_id', 'version') AND (before IS NULL OR before -> f.key IS DISTINCT FROM f.value)));
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER submissions_made AFTER INSERT ON submissions FOR EACH ROW EXECUTE FUNCTION note_workflow_step();
--> statement-breakpoint
CREATE TRIGGER submissions_moved AFTER UPDATE ON submissions FOR EACH ROW
  WHEN (OLD.version IS DISTINCT FROM NEW.version OR OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION note_workflow_step();
--> statement-breakpoint
CREATE TRIGGER queries_made AFTER INSERT ON queries FOR EACH ROW EXECUTE FUNCTION note_workflow_step();
--> statement-breakpoint
CREATE TRIGGER queries_moved AFTER UPDATE ON queries FOR EACH ROW
  WHEN (OLD.version IS DISTINCT FROM NEW.version OR OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION note_workflow_step();
--> statement-breakpoint
CREATE TRIGGER second_reviews_made AFTER INSERT ON second_reviews FOR EACH ROW EXECUTE FUNCTION note_workflow_step();
--> statement-breakpoint
CREATE TRIGGER second_reviews_moved AFTER UPDATE ON second_reviews FOR EACH ROW
  WHEN (OLD.version IS DISTINCT FROM NEW.version OR OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION note_workflow_step();
