CREATE TABLE "erasures" (
	"tenant_id" uuid DEFAULT nullif(current_setting('app.tenant', true), '')::uuid NOT NULL,
	"id" uuid DEFAULT gen_random_uuid() NOT NULL,
	"member_key" uuid NOT NULL,
	"rule" text NOT NULL,
	"reason" text NOT NULL,
	"erased_by" text NOT NULL,
	"rows" integer NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "erasures_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
CREATE TABLE "legal_holds" (
	"tenant_id" uuid DEFAULT nullif(current_setting('app.tenant', true), '')::uuid NOT NULL,
	"id" uuid DEFAULT gen_random_uuid() NOT NULL,
	"member_key" uuid,
	"reason" text NOT NULL,
	"placed_by" text NOT NULL,
	"placed_at" timestamp with time zone DEFAULT now() NOT NULL,
	"lifted_by" text,
	"lifted_at" timestamp with time zone,
	CONSTRAINT "legal_holds_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
CREATE TABLE "query_reminders" (
	"tenant_id" uuid DEFAULT nullif(current_setting('app.tenant', true), '')::uuid NOT NULL,
	"id" uuid DEFAULT gen_random_uuid() NOT NULL,
	"query_id" uuid NOT NULL,
	"member_id" uuid NOT NULL,
	"actor" text NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "query_reminders_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
CREATE TABLE "saved_filters" (
	"tenant_id" uuid DEFAULT nullif(current_setting('app.tenant', true), '')::uuid NOT NULL,
	"id" uuid DEFAULT gen_random_uuid() NOT NULL,
	"owner" text NOT NULL,
	"name" text NOT NULL,
	"list" text NOT NULL,
	"filters" jsonb NOT NULL,
	"shared" boolean DEFAULT false NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "saved_filters_tenant_id_id_pk" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "saved_filters_name" UNIQUE("tenant_id","owner","list","name")
);
--> statement-breakpoint
CREATE TABLE "second_reviews" (
	"tenant_id" uuid DEFAULT nullif(current_setting('app.tenant', true), '')::uuid NOT NULL,
	"id" uuid DEFAULT gen_random_uuid() NOT NULL,
	"gap_id" text NOT NULL,
	"member_id" uuid NOT NULL,
	"gap_version" integer NOT NULL,
	"to_status" text NOT NULL,
	"reason" text,
	"coder" text NOT NULL,
	"decided_at" timestamp with time zone NOT NULL,
	"drawn_by" text NOT NULL,
	"state" text DEFAULT 'waiting' NOT NULL,
	"reviewer" text,
	"reviewed_at" timestamp with time zone,
	"reviewer_comment" text,
	"third" text,
	"third_at" timestamp with time zone,
	"third_comment" text,
	"version" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "second_reviews_tenant_id_id_pk" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "second_reviews_once" UNIQUE("tenant_id","gap_id","gap_version")
);
--> statement-breakpoint
CREATE TABLE "submission_releases" (
	"tenant_id" uuid DEFAULT nullif(current_setting('app.tenant', true), '')::uuid NOT NULL,
	"id" uuid NOT NULL,
	"control_number" integer NOT NULL,
	"created_by" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"totals" jsonb NOT NULL,
	"csv" text NOT NULL,
	"x12" text NOT NULL,
	CONSTRAINT "submission_releases_tenant_id_id_pk" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "submission_releases_control" UNIQUE("tenant_id","control_number")
);
--> statement-breakpoint
ALTER TABLE "submissions" ADD COLUMN "claim_id" text;--> statement-breakpoint
CREATE INDEX "query_reminders_query" ON "query_reminders" USING btree ("tenant_id","query_id");--> statement-breakpoint
CREATE INDEX "second_reviews_list" ON "second_reviews" USING btree ("tenant_id","state","decided_at","id");--> statement-breakpoint
CREATE INDEX "second_reviews_coder" ON "second_reviews" USING btree ("tenant_id","coder","decided_at");--> statement-breakpoint
CREATE INDEX "submissions_claim" ON "submissions" USING btree ("tenant_id","claim_id");
--> statement-breakpoint
-- A decision, its second look and the third person's word come from three different people; released once is once.
ALTER TABLE second_reviews ADD CONSTRAINT three_people CHECK (
  reviewer IS DISTINCT FROM coder AND third IS DISTINCT FROM coder AND (third IS NULL OR third IS DISTINCT FROM reviewer));
--> statement-breakpoint
CREATE UNIQUE INDEX submissions_sent_once ON submissions (tenant_id, member_id, encounter_id, action, code)
  WHERE status IN ('released', 'accepted');
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE ON second_reviews, legal_holds TO hccgap_app;
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON saved_filters TO hccgap_app;
--> statement-breakpoint
GRANT SELECT, INSERT ON submission_releases, query_reminders, erasures TO hccgap_app;
--> statement-breakpoint
DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['second_reviews', 'legal_holds', 'saved_filters', 'submission_releases', 'query_reminders', 'erasures']
  LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format(
      'CREATE POLICY tenant ON %I USING (tenant_id = nullif(current_setting(''app.tenant'', true), '''')::uuid)
       WITH CHECK (tenant_id = nullif(current_setting(''app.tenant'', true), '''')::uuid)', t);
  END LOOP;
END $$;
--> statement-breakpoint
-- Destroys a person's records: the member, every id merged into it, and every row that names one of them. SECURITY
-- DEFINER, because the service's role may not delete decisions; it refuses under a legal hold and outside the tenant
-- of the transaction. The audit log stays: it holds our own opaque key and no clinical content. Gives the rows removed.
CREATE FUNCTION erase_member(who uuid) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  mine uuid := nullif(current_setting('app.tenant', true), '')::uuid;
  person uuid[];
  t text;
  removed integer := 0;
  n integer;
BEGIN
  IF mine IS NULL THEN RAISE EXCEPTION 'no tenant'; END IF;
  SELECT array_agg(id) INTO person FROM members WHERE tenant_id = mine AND (id = who OR merged_into = who);
  IF person IS NULL THEN RETURN 0; END IF;
  IF EXISTS (SELECT FROM legal_holds WHERE tenant_id = mine AND lifted_at IS NULL
             AND (member_key IS NULL OR member_key = ANY (person))) THEN
    RAISE EXCEPTION 'a legal hold keeps these records' USING ERRCODE = 'HG001';
  END IF;
  FOR t IN
    SELECT c.relname FROM pg_class c
    JOIN pg_namespace s ON s.oid = c.relnamespace AND s.nspname = 'public'
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'member_id' AND NOT a.attisdropped
    WHERE c.relkind IN ('r', 'p') ORDER BY c.relname
  LOOP
    EXECUTE format('DELETE FROM %I WHERE tenant_id = $1 AND member_id = ANY ($2)', t) USING mine, person;
    GET DIAGNOSTICS n = ROW_COUNT;
    removed := removed + n;
  END LOOP;
  DELETE FROM members WHERE tenant_id = mine AND id = ANY (person);
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN removed + n;
END $$;
--> statement-breakpoint
REVOKE ALL ON FUNCTION erase_member(uuid) FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION erase_member(uuid) TO hccgap_app;
