CREATE TABLE "analysis_basis" (
	"tenant_id" uuid PRIMARY KEY DEFAULT nullif(current_setting('app.tenant', true), '')::uuid NOT NULL,
	"as_of" date NOT NULL,
	"packages" jsonb NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "member_aliases" (
	"tenant_id" uuid DEFAULT nullif(current_setting('app.tenant', true), '')::uuid NOT NULL,
	"member_id" uuid NOT NULL,
	"alias" text NOT NULL,
	"batch_id" uuid NOT NULL,
	"source_file" text NOT NULL,
	"source_row" integer NOT NULL,
	CONSTRAINT "member_aliases_tenant_id_member_id_alias_pk" PRIMARY KEY("tenant_id","member_id","alias")
);
--> statement-breakpoint
CREATE TABLE "member_links" (
	"tenant_id" uuid DEFAULT nullif(current_setting('app.tenant', true), '')::uuid NOT NULL,
	"member_id" uuid NOT NULL,
	"into_member" uuid NOT NULL,
	"batch_id" uuid NOT NULL,
	"source_file" text NOT NULL,
	"source_row" integer NOT NULL,
	CONSTRAINT "member_links_tenant_id_member_id_pk" PRIMARY KEY("tenant_id","member_id")
);
--> statement-breakpoint
ALTER TABLE "batch_files" ADD COLUMN "codes" jsonb DEFAULT '{}'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "batch_files" ADD COLUMN "failed" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "batch_files" ADD COLUMN "heading" text;--> statement-breakpoint
ALTER TABLE "batches" ADD COLUMN "spool_dropped_at" timestamp with time zone;--> statement-breakpoint
CREATE INDEX "member_aliases_alias" ON "member_aliases" USING btree ("tenant_id","alias");--> statement-breakpoint
CREATE INDEX "member_links_into" ON "member_links" USING btree ("tenant_id","into_member");--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON analysis_basis, member_aliases, member_links TO hccgap_app;
--> statement-breakpoint
DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['analysis_basis', 'member_aliases', 'member_links'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format(
      'CREATE POLICY tenant ON %I USING (tenant_id = nullif(current_setting(''app.tenant'', true), '''')::uuid)
       WITH CHECK (tenant_id = nullif(current_setting(''app.tenant'', true), '''')::uuid)', t);
  END LOOP;
  -- A batch is staged in temporary tables before it is merged.
  EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO hccgap_app', current_database());
END $$;
