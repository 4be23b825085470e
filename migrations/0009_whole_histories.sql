CREATE TABLE "claim_resources" (
	"tenant_id" uuid DEFAULT nullif(current_setting('app.tenant', true), '')::uuid NOT NULL,
	"member_id" uuid NOT NULL,
	"claim_id" text NOT NULL,
	"resource" text NOT NULL,
	"batch_id" uuid NOT NULL,
	"source_file" text NOT NULL,
	"source_row" integer NOT NULL,
	CONSTRAINT "claim_resources_tenant_id_member_id_claim_id_pk" PRIMARY KEY("tenant_id","member_id","claim_id")
);
--> statement-breakpoint
CREATE TABLE "resource_deletions" (
	"tenant_id" uuid DEFAULT nullif(current_setting('app.tenant', true), '')::uuid NOT NULL,
	"resource" text NOT NULL,
	"deleted_at" timestamp with time zone,
	"batch_id" uuid NOT NULL,
	"source_file" text NOT NULL,
	"source_row" integer NOT NULL,
	CONSTRAINT "resource_deletions_tenant_id_resource_pk" PRIMARY KEY("tenant_id","resource")
);
--> statement-breakpoint
ALTER TABLE "members" ADD COLUMN "feeds" text[];--> statement-breakpoint
CREATE INDEX "claim_resources_resource" ON "claim_resources" USING btree ("tenant_id","resource");
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON claim_resources, resource_deletions TO hccgap_app;
--> statement-breakpoint
DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['claim_resources', 'resource_deletions']
  LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format(
      'CREATE POLICY tenant ON %I USING (tenant_id = nullif(current_setting(''app.tenant'', true), '''')::uuid)
       WITH CHECK (tenant_id = nullif(current_setting(''app.tenant'', true), '''')::uuid)', t);
  END LOOP;
END $$;
