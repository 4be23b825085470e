CREATE TABLE "visit_claims" (
	"tenant_id" uuid DEFAULT nullif(current_setting('app.tenant', true), '')::uuid NOT NULL,
	"member_id" uuid NOT NULL,
	"encounter_id" text NOT NULL,
	"claim_id" text NOT NULL,
	"batch_id" uuid NOT NULL,
	"source_file" text NOT NULL,
	"source_row" integer NOT NULL,
	CONSTRAINT "visit_claims_tenant_id_member_id_encounter_id_pk" PRIMARY KEY("tenant_id","member_id","encounter_id")
);

--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON visit_claims TO hccgap_app;
--> statement-breakpoint
ALTER TABLE visit_claims ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE visit_claims FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY tenant ON visit_claims USING (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid)
  WITH CHECK (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
