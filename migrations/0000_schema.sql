CREATE TABLE "audit_heads" (
	"tenant_id" uuid PRIMARY KEY DEFAULT nullif(current_setting('app.tenant', true), '')::uuid NOT NULL,
	"seq" bigint NOT NULL,
	"hash" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "audit_log" (
	"tenant_id" uuid DEFAULT nullif(current_setting('app.tenant', true), '')::uuid NOT NULL,
	"seq" bigint DEFAULT 0 NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	"actor" text NOT NULL,
	"role" text,
	"action" text NOT NULL,
	"resource" text NOT NULL,
	"resource_id" text,
	"member_ids" text[] DEFAULT '{}' NOT NULL,
	"purpose" text,
	"outcome" text NOT NULL,
	"request_id" text,
	"source_address" text,
	"detail" jsonb,
	"prev_hash" text DEFAULT '' NOT NULL,
	"hash" text DEFAULT '' NOT NULL,
	CONSTRAINT "audit_log_tenant_id_seq_pk" PRIMARY KEY("tenant_id","seq")
);
--> statement-breakpoint
CREATE TABLE "batch_files" (
	"tenant_id" uuid DEFAULT nullif(current_setting('app.tenant', true), '')::uuid NOT NULL,
	"batch_id" uuid NOT NULL,
	"file" text NOT NULL,
	"record_type" text NOT NULL,
	"format" text NOT NULL,
	"received" bigint DEFAULT 0 NOT NULL,
	"accepted" bigint DEFAULT 0 NOT NULL,
	"rejected" bigint DEFAULT 0 NOT NULL,
	"duplicates" bigint DEFAULT 0 NOT NULL,
	CONSTRAINT "batch_files_tenant_id_batch_id_file_record_type_pk" PRIMARY KEY("tenant_id","batch_id","file","record_type")
);
--> statement-breakpoint
CREATE TABLE "batch_members" (
	"tenant_id" uuid DEFAULT nullif(current_setting('app.tenant', true), '')::uuid NOT NULL,
	"batch_id" uuid NOT NULL,
	"member_id" uuid NOT NULL,
	CONSTRAINT "batch_members_tenant_id_batch_id_member_id_pk" PRIMARY KEY("tenant_id","batch_id","member_id")
);
--> statement-breakpoint
CREATE TABLE "batch_rejects" (
	"tenant_id" uuid DEFAULT nullif(current_setting('app.tenant', true), '')::uuid NOT NULL,
	"batch_id" uuid NOT NULL,
	"seq" integer NOT NULL,
	"file" text NOT NULL,
	"row" integer,
	"field" text,
	"code" text NOT NULL,
	"severity" text NOT NULL,
	"message" text NOT NULL,
	"value" text,
	"raw" text,
	CONSTRAINT "batch_rejects_tenant_id_batch_id_seq_pk" PRIMARY KEY("tenant_id","batch_id","seq")
);
--> statement-breakpoint
CREATE TABLE "batches" (
	"tenant_id" uuid DEFAULT nullif(current_setting('app.tenant', true), '')::uuid NOT NULL,
	"id" uuid DEFAULT gen_random_uuid() NOT NULL,
	"state" text DEFAULT 'received' NOT NULL,
	"format" text NOT NULL,
	"idempotency_key" text,
	"content_sha256" text,
	"spool" jsonb,
	"options" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"as_of" date NOT NULL,
	"created_by" text NOT NULL,
	"received" bigint DEFAULT 0 NOT NULL,
	"accepted" bigint DEFAULT 0 NOT NULL,
	"rejected" bigint DEFAULT 0 NOT NULL,
	"duplicates" bigint DEFAULT 0 NOT NULL,
	"warnings" bigint DEFAULT 0 NOT NULL,
	"bytes_total" bigint DEFAULT 0 NOT NULL,
	"bytes_read" bigint DEFAULT 0 NOT NULL,
	"members_total" bigint DEFAULT 0 NOT NULL,
	"members_done" bigint DEFAULT 0 NOT NULL,
	"members_failed" bigint DEFAULT 0 NOT NULL,
	"items_total" bigint DEFAULT 0 NOT NULL,
	"items_done" bigint DEFAULT 0 NOT NULL,
	"items_failed" bigint DEFAULT 0 NOT NULL,
	"gaps_opened" bigint DEFAULT 0 NOT NULL,
	"gaps_closed" bigint DEFAULT 0 NOT NULL,
	"error" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"started_at" timestamp with time zone,
	"read_at" timestamp with time zone,
	"finished_at" timestamp with time zone,
	CONSTRAINT "batches_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
CREATE TABLE "member_failures" (
	"tenant_id" uuid DEFAULT nullif(current_setting('app.tenant', true), '')::uuid NOT NULL,
	"member_id" uuid NOT NULL,
	"work_item_id" uuid NOT NULL,
	"batch_id" uuid,
	"kind" text NOT NULL,
	"error" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "member_failures_tenant_id_member_id_work_item_id_pk" PRIMARY KEY("tenant_id","member_id","work_item_id")
);
--> statement-breakpoint
CREATE TABLE "work_items" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"tenant_id" uuid DEFAULT nullif(current_setting('app.tenant', true), '')::uuid NOT NULL,
	"batch_id" uuid,
	"kind" text NOT NULL,
	"state" text DEFAULT 'ready' NOT NULL,
	"payload" jsonb NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"deaths" integer DEFAULT 0 NOT NULL,
	"lease_owner" text,
	"lease_expires_at" timestamp with time zone,
	"current_member" uuid,
	"available_at" timestamp with time zone DEFAULT now() NOT NULL,
	"enqueued_at" timestamp with time zone,
	"last_error" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"finished_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "gap_events" (
	"tenant_id" uuid DEFAULT nullif(current_setting('app.tenant', true), '')::uuid NOT NULL,
	"gap_id" text NOT NULL,
	"id" bigint GENERATED ALWAYS AS IDENTITY (sequence name "gap_events_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"member_id" uuid NOT NULL,
	"version" integer NOT NULL,
	"type" text NOT NULL,
	"from_status" text,
	"to_status" text,
	"actor" text NOT NULL,
	"role" text,
	"reason" text,
	"detail" jsonb,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "gap_events_tenant_id_gap_id_id_pk" PRIMARY KEY("tenant_id","gap_id","id")
);
--> statement-breakpoint
CREATE TABLE "gap_evidence" (
	"tenant_id" uuid DEFAULT nullif(current_setting('app.tenant', true), '')::uuid NOT NULL,
	"gap_id" text NOT NULL,
	"evidence_key" text NOT NULL,
	"member_id" uuid NOT NULL,
	"type" text NOT NULL,
	"code" text,
	"date" date,
	"encounter_id" text,
	"source" text,
	"eligible" boolean,
	"first_seen_at" timestamp with time zone DEFAULT now() NOT NULL,
	"gone_at" timestamp with time zone,
	CONSTRAINT "gap_evidence_tenant_id_gap_id_evidence_key_pk" PRIMARY KEY("tenant_id","gap_id","evidence_key")
);
--> statement-breakpoint
CREATE TABLE "gaps" (
	"tenant_id" uuid DEFAULT nullif(current_setting('app.tenant', true), '')::uuid NOT NULL,
	"gap_id" text NOT NULL,
	"member_id" uuid NOT NULL,
	"payment_year" integer NOT NULL,
	"dos_year" integer NOT NULL,
	"kind" text NOT NULL,
	"sub_kind" text,
	"model" text NOT NULL,
	"hcc" text NOT NULL,
	"list" text NOT NULL,
	"direction" text NOT NULL,
	"engine_status" text NOT NULL,
	"confidence" text NOT NULL,
	"impact_standalone" double precision,
	"impact_payment" double precision,
	"priority" bigint NOT NULL,
	"act_by" date,
	"act_who" text NOT NULL,
	"provider_npi" text,
	"contract_id" text,
	"next_appointment" date,
	"detail" jsonb NOT NULL,
	"present" boolean DEFAULT true NOT NULL,
	"workflow_status" text DEFAULT 'open' NOT NULL,
	"workflow_reason" text,
	"decided_by" text,
	"decided_at" timestamp with time zone,
	"assignee" text,
	"claim_expires_at" timestamp with time zone,
	"identified_at" timestamp with time zone,
	"version" integer DEFAULT 1 NOT NULL,
	"run_id" uuid NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "gaps_tenant_id_gap_id_pk" PRIMARY KEY("tenant_id","gap_id")
);
--> statement-breakpoint
CREATE TABLE "raf_score_history" (
	"tenant_id" uuid DEFAULT nullif(current_setting('app.tenant', true), '')::uuid NOT NULL,
	"member_id" uuid NOT NULL,
	"payment_year" integer NOT NULL,
	"part" boolean NOT NULL,
	"model" text NOT NULL,
	"as_of" date NOT NULL,
	"raw_current" double precision NOT NULL,
	"payment_current" double precision,
	"raw_if_closed" double precision NOT NULL,
	"payment_if_closed" double precision,
	"run_id" uuid NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "raf_score_history_tenant_id_member_id_payment_year_part_model_run_id_pk" PRIMARY KEY("tenant_id","member_id","payment_year","part","model","run_id")
);
--> statement-breakpoint
CREATE TABLE "raf_scores" (
	"tenant_id" uuid DEFAULT nullif(current_setting('app.tenant', true), '')::uuid NOT NULL,
	"member_id" uuid NOT NULL,
	"payment_year" integer NOT NULL,
	"part" boolean NOT NULL,
	"model" text NOT NULL,
	"blend_weight" double precision,
	"segment" text NOT NULL,
	"contract_id" text,
	"plan_id" text,
	"as_of" date NOT NULL,
	"raw_current" double precision NOT NULL,
	"payment_current" double precision,
	"raw_if_closed" double precision NOT NULL,
	"payment_if_closed" double precision,
	"hccs" text[] NOT NULL,
	"detail" jsonb,
	"run_id" uuid NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "raf_scores_tenant_id_member_id_payment_year_part_model_pk" PRIMARY KEY("tenant_id","member_id","payment_year","part","model")
);
--> statement-breakpoint
CREATE TABLE "unspecified_findings" (
	"tenant_id" uuid DEFAULT nullif(current_setting('app.tenant', true), '')::uuid NOT NULL,
	"member_id" uuid NOT NULL,
	"payment_year" integer NOT NULL,
	"code" text NOT NULL,
	"weight" text NOT NULL,
	"hcc" text,
	"evidence" text NOT NULL,
	"provider_npi" text,
	"contract_id" text,
	"gap_id" text,
	"detail" jsonb NOT NULL,
	"run_id" uuid NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "unspecified_findings_tenant_id_member_id_payment_year_code_pk" PRIMARY KEY("tenant_id","member_id","payment_year","code")
);
--> statement-breakpoint
CREATE TABLE "appointments" (
	"tenant_id" uuid DEFAULT nullif(current_setting('app.tenant', true), '')::uuid NOT NULL,
	"member_id" uuid NOT NULL,
	"key" text NOT NULL,
	"date" date NOT NULL,
	"has_provider" boolean NOT NULL,
	"provider_npi" text,
	"provider_specialty" text,
	"batch_id" uuid NOT NULL,
	"source_file" text NOT NULL,
	"source_row" integer NOT NULL,
	CONSTRAINT "appointments_tenant_id_member_id_key_pk" PRIMARY KEY("tenant_id","member_id","key")
);
--> statement-breakpoint
CREATE TABLE "conditions" (
	"tenant_id" uuid DEFAULT nullif(current_setting('app.tenant', true), '')::uuid NOT NULL,
	"member_id" uuid NOT NULL,
	"key" text NOT NULL,
	"condition_id" text,
	"code" text NOT NULL,
	"system" text NOT NULL,
	"source" text NOT NULL,
	"encounter_id" text,
	"recorded" date,
	"clinical_status" text,
	"verification" text,
	"context" text,
	"meat" text[],
	"signed" boolean,
	"batch_id" uuid NOT NULL,
	"source_file" text NOT NULL,
	"source_row" integer NOT NULL,
	CONSTRAINT "conditions_tenant_id_member_id_key_pk" PRIMARY KEY("tenant_id","member_id","key")
);
--> statement-breakpoint
CREATE TABLE "coverage_periods" (
	"tenant_id" uuid DEFAULT nullif(current_setting('app.tenant', true), '')::uuid NOT NULL,
	"member_id" uuid NOT NULL,
	"program" text NOT NULL,
	"contract_id" text NOT NULL,
	"plan_id" text NOT NULL,
	"from_date" date NOT NULL,
	"to_date" date,
	"original_entitlement" text,
	"current_entitlement" text,
	"dual_status" text,
	"institutional" boolean NOT NULL,
	"new_enrollee" boolean NOT NULL,
	"snp" text NOT NULL,
	"low_income" boolean NOT NULL,
	"part_d" text NOT NULL,
	"esrd" jsonb,
	"hospice" boolean NOT NULL,
	"switcher" boolean NOT NULL,
	"metal" text,
	"csr" text,
	"enrollment_months" smallint,
	"batch_id" uuid NOT NULL,
	"source_file" text NOT NULL,
	"source_row" integer NOT NULL,
	CONSTRAINT "coverage_periods_tenant_id_member_id_contract_id_plan_id_from_date_pk" PRIMARY KEY("tenant_id","member_id","contract_id","plan_id","from_date")
);
--> statement-breakpoint
CREATE TABLE "diagnoses" (
	"tenant_id" uuid DEFAULT nullif(current_setting('app.tenant', true), '')::uuid NOT NULL,
	"member_id" uuid NOT NULL,
	"encounter_id" text NOT NULL,
	"code" text NOT NULL,
	"position" smallint,
	"batch_id" uuid NOT NULL,
	"source_file" text NOT NULL,
	"source_row" integer NOT NULL,
	CONSTRAINT "diagnoses_tenant_id_member_id_encounter_id_code_pk" PRIMARY KEY("tenant_id","member_id","encounter_id","code")
);
--> statement-breakpoint
CREATE TABLE "encounter_statuses" (
	"tenant_id" uuid DEFAULT nullif(current_setting('app.tenant', true), '')::uuid NOT NULL,
	"member_id" uuid NOT NULL,
	"encounter_id" text NOT NULL,
	"icn" text NOT NULL,
	"acceptance" text,
	"mao004" text,
	"reasons" text[] NOT NULL,
	"batch_id" uuid NOT NULL,
	"source_file" text NOT NULL,
	"source_row" integer NOT NULL,
	CONSTRAINT "encounter_statuses_tenant_id_member_id_encounter_id_icn_pk" PRIMARY KEY("tenant_id","member_id","encounter_id","icn")
);
--> statement-breakpoint
CREATE TABLE "encounters" (
	"tenant_id" uuid DEFAULT nullif(current_setting('app.tenant', true), '')::uuid NOT NULL,
	"member_id" uuid NOT NULL,
	"encounter_id" text NOT NULL,
	"from_date" date NOT NULL,
	"to_date" date NOT NULL,
	"setting" text NOT NULL,
	"bill_type" text,
	"modality" text NOT NULL,
	"source" text NOT NULL,
	"linked_encounter_id" text,
	"claim_status" text NOT NULL,
	"replaces_encounter_id" text,
	"icn" text,
	"acceptance" text,
	"mao004" text,
	"crr_action" text,
	"place_of_service" text,
	"hra" boolean NOT NULL,
	"signed" boolean,
	"has_provider" boolean NOT NULL,
	"provider_npi" text,
	"provider_specialty" text,
	"batch_id" uuid NOT NULL,
	"source_file" text NOT NULL,
	"source_row" integer NOT NULL,
	CONSTRAINT "encounters_tenant_id_member_id_encounter_id_pk" PRIMARY KEY("tenant_id","member_id","encounter_id")
);
--> statement-breakpoint
CREATE TABLE "medications" (
	"tenant_id" uuid DEFAULT nullif(current_setting('app.tenant', true), '')::uuid NOT NULL,
	"member_id" uuid NOT NULL,
	"key" text NOT NULL,
	"code" text,
	"system" text,
	"ingredient" text,
	"route" text,
	"date" date NOT NULL,
	"days_supply" double precision,
	"source" text NOT NULL,
	"setting" text,
	"status" text,
	"batch_id" uuid NOT NULL,
	"source_file" text NOT NULL,
	"source_row" integer NOT NULL,
	CONSTRAINT "medications_tenant_id_member_id_key_pk" PRIMARY KEY("tenant_id","member_id","key")
);
--> statement-breakpoint
CREATE TABLE "members" (
	"tenant_id" uuid DEFAULT nullif(current_setting('app.tenant', true), '')::uuid NOT NULL,
	"id" uuid DEFAULT gen_random_uuid() NOT NULL,
	"external_id" text NOT NULL,
	"birth_date" date,
	"sex" text,
	"death_date" date,
	"pcp_npi" text,
	"merged_into" uuid,
	"quarantined_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"batch_id" uuid NOT NULL,
	"source_file" text NOT NULL,
	"source_row" integer NOT NULL,
	CONSTRAINT "members_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
CREATE TABLE "observations" (
	"tenant_id" uuid DEFAULT nullif(current_setting('app.tenant', true), '')::uuid NOT NULL,
	"member_id" uuid NOT NULL,
	"key" text NOT NULL,
	"code" text NOT NULL,
	"system" text NOT NULL,
	"date" date NOT NULL,
	"value" double precision,
	"unit" text,
	"comparator" text,
	"text" text,
	"interpretation" text,
	"status" text,
	"batch_id" uuid NOT NULL,
	"source_file" text NOT NULL,
	"source_row" integer NOT NULL,
	CONSTRAINT "observations_tenant_id_member_id_key_pk" PRIMARY KEY("tenant_id","member_id","key")
);
--> statement-breakpoint
CREATE TABLE "paid_raf" (
	"tenant_id" uuid DEFAULT nullif(current_setting('app.tenant', true), '')::uuid NOT NULL,
	"member_id" uuid NOT NULL,
	"key" text NOT NULL,
	"report" text NOT NULL,
	"contract_id" text,
	"payment_year" smallint,
	"payment_month" text,
	"model" text,
	"paid" jsonb NOT NULL,
	"batch_id" uuid NOT NULL,
	"source_file" text NOT NULL,
	"source_row" integer NOT NULL,
	CONSTRAINT "paid_raf_tenant_id_member_id_key_pk" PRIMARY KEY("tenant_id","member_id","key")
);
--> statement-breakpoint
CREATE TABLE "procedures" (
	"tenant_id" uuid DEFAULT nullif(current_setting('app.tenant', true), '')::uuid NOT NULL,
	"member_id" uuid NOT NULL,
	"key" text NOT NULL,
	"code" text NOT NULL,
	"system" text NOT NULL,
	"date" date NOT NULL,
	"status" text,
	"batch_id" uuid NOT NULL,
	"source_file" text NOT NULL,
	"source_row" integer NOT NULL,
	CONSTRAINT "procedures_tenant_id_member_id_key_pk" PRIMARY KEY("tenant_id","member_id","key")
);
--> statement-breakpoint
CREATE TABLE "service_lines" (
	"tenant_id" uuid DEFAULT nullif(current_setting('app.tenant', true), '')::uuid NOT NULL,
	"member_id" uuid NOT NULL,
	"encounter_id" text NOT NULL,
	"line_number" integer NOT NULL,
	"procedure" text,
	"modifiers" text[] NOT NULL,
	"service_date" date,
	"batch_id" uuid NOT NULL,
	"source_file" text NOT NULL,
	"source_row" integer NOT NULL,
	CONSTRAINT "service_lines_tenant_id_member_id_encounter_id_line_number_pk" PRIMARY KEY("tenant_id","member_id","encounter_id","line_number")
);
--> statement-breakpoint
CREATE TABLE "queries" (
	"tenant_id" uuid DEFAULT nullif(current_setting('app.tenant', true), '')::uuid NOT NULL,
	"id" uuid DEFAULT gen_random_uuid() NOT NULL,
	"gap_id" text NOT NULL,
	"member_id" uuid NOT NULL,
	"provider_npi" text,
	"status" text DEFAULT 'draft' NOT NULL,
	"type" text NOT NULL,
	"content" jsonb NOT NULL,
	"content_sha256" text NOT NULL,
	"created_by" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"sent_at" timestamp with time zone,
	"answer" jsonb,
	"answered_by" text,
	"answered_at" timestamp with time zone,
	"version" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "queries_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
CREATE TABLE "review_marks" (
	"tenant_id" uuid DEFAULT nullif(current_setting('app.tenant', true), '')::uuid NOT NULL,
	"id" uuid DEFAULT gen_random_uuid() NOT NULL,
	"member_id" uuid NOT NULL,
	"encounter_id" text NOT NULL,
	"model" text NOT NULL,
	"hcc" text NOT NULL,
	"mark" text NOT NULL,
	"reason" text,
	"supported_by" text,
	"actor" text NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "review_marks_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
CREATE TABLE "submissions" (
	"tenant_id" uuid DEFAULT nullif(current_setting('app.tenant', true), '')::uuid NOT NULL,
	"id" uuid DEFAULT gen_random_uuid() NOT NULL,
	"gap_id" text NOT NULL,
	"member_id" uuid NOT NULL,
	"action" text NOT NULL,
	"code" text NOT NULL,
	"encounter_id" text NOT NULL,
	"icn" text,
	"dos" date NOT NULL,
	"provider_npi" text,
	"status" text DEFAULT 'pending' NOT NULL,
	"evidence" jsonb NOT NULL,
	"coder" text NOT NULL,
	"approver" text,
	"approved_at" timestamp with time zone,
	"release_id" uuid,
	"released_at" timestamp with time zone,
	"response" jsonb,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "submissions_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
CREATE TABLE "api_keys" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"tenant_id" uuid DEFAULT nullif(current_setting('app.tenant', true), '')::uuid NOT NULL,
	"name" text NOT NULL,
	"role" text NOT NULL,
	"prefix" text NOT NULL,
	"hash" text NOT NULL,
	"npi" text,
	"contracts" text[],
	"created_by" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp with time zone,
	"revoked_at" timestamp with time zone,
	"revoked_by" text,
	"last_used_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "idempotency_keys" (
	"tenant_id" uuid DEFAULT nullif(current_setting('app.tenant', true), '')::uuid NOT NULL,
	"key" text NOT NULL,
	"operation" text NOT NULL,
	"request_hash" text NOT NULL,
	"status" integer,
	"content_type" text,
	"body" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "idempotency_keys_tenant_id_key_pk" PRIMARY KEY("tenant_id","key")
);
--> statement-breakpoint
CREATE TABLE "tenant_feeds" (
	"tenant_id" uuid DEFAULT nullif(current_setting('app.tenant', true), '')::uuid NOT NULL,
	"feed" text NOT NULL,
	"batch_id" uuid NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "tenant_feeds_tenant_id_feed_pk" PRIMARY KEY("tenant_id","feed")
);
--> statement-breakpoint
CREATE TABLE "tenant_settings" (
	"tenant_id" uuid DEFAULT nullif(current_setting('app.tenant', true), '')::uuid NOT NULL,
	"version" integer NOT NULL,
	"settings" jsonb NOT NULL,
	"changed_by" text NOT NULL,
	"changed_at" timestamp with time zone DEFAULT now() NOT NULL,
	"reason" text NOT NULL,
	CONSTRAINT "tenant_settings_tenant_id_version_pk" PRIMARY KEY("tenant_id","version")
);
--> statement-breakpoint
CREATE TABLE "tenants" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"name" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "tenants_name_unique" UNIQUE("name")
);
--> statement-breakpoint
CREATE INDEX "audit_log_members" ON "audit_log" USING gin ("member_ids");--> statement-breakpoint
CREATE INDEX "audit_log_at" ON "audit_log" USING btree ("tenant_id","at");--> statement-breakpoint
CREATE UNIQUE INDEX "batches_idempotency" ON "batches" USING btree ("tenant_id","idempotency_key");--> statement-breakpoint
CREATE INDEX "batches_sha256" ON "batches" USING btree ("tenant_id","content_sha256");--> statement-breakpoint
CREATE INDEX "batches_recent" ON "batches" USING btree ("tenant_id","created_at","id");--> statement-breakpoint
CREATE INDEX "member_failures_batch" ON "member_failures" USING btree ("tenant_id","batch_id");--> statement-breakpoint
CREATE INDEX "work_items_due" ON "work_items" USING btree ("state","available_at");--> statement-breakpoint
CREATE INDEX "work_items_batch" ON "work_items" USING btree ("tenant_id","batch_id","state");--> statement-breakpoint
CREATE INDEX "gap_events_member" ON "gap_events" USING btree ("tenant_id","member_id","id");--> statement-breakpoint
CREATE INDEX "gap_evidence_encounter" ON "gap_evidence" USING btree ("tenant_id","member_id","encounter_id");--> statement-breakpoint
CREATE INDEX "gaps_member" ON "gaps" USING btree ("tenant_id","member_id","payment_year");--> statement-breakpoint
CREATE INDEX "gaps_worklist" ON "gaps" USING btree ("tenant_id","list","priority" DESC NULLS LAST,"gap_id") WHERE workflow_status in ('open', 'in_review', 'queried');--> statement-breakpoint
CREATE INDEX "gaps_provider" ON "gaps" USING btree ("tenant_id","provider_npi","list","priority" DESC NULLS LAST,"gap_id") WHERE workflow_status in ('open', 'in_review', 'queried');--> statement-breakpoint
CREATE INDEX "gaps_assignee" ON "gaps" USING btree ("tenant_id","assignee","priority" DESC NULLS LAST,"gap_id") WHERE workflow_status in ('open', 'in_review', 'queried');--> statement-breakpoint
CREATE INDEX "gaps_hcc" ON "gaps" USING btree ("tenant_id","hcc","list","priority" DESC NULLS LAST,"gap_id") WHERE workflow_status in ('open', 'in_review', 'queried');--> statement-breakpoint
CREATE INDEX "gaps_kind" ON "gaps" USING btree ("tenant_id","kind","list","priority" DESC NULLS LAST,"gap_id") WHERE workflow_status in ('open', 'in_review', 'queried');--> statement-breakpoint
CREATE INDEX "raf_scores_population" ON "raf_scores" USING btree ("tenant_id","payment_year","part","contract_id");--> statement-breakpoint
CREATE INDEX "unspecified_findings_list" ON "unspecified_findings" USING btree ("tenant_id","payment_year","code","member_id");--> statement-breakpoint
CREATE INDEX "unspecified_findings_provider" ON "unspecified_findings" USING btree ("tenant_id","provider_npi","payment_year");--> statement-breakpoint
CREATE UNIQUE INDEX "members_external_id" ON "members" USING btree ("tenant_id","external_id");--> statement-breakpoint
CREATE INDEX "members_pcp" ON "members" USING btree ("tenant_id","pcp_npi");--> statement-breakpoint
CREATE INDEX "paid_raf_month" ON "paid_raf" USING btree ("tenant_id","report","payment_year","payment_month");--> statement-breakpoint
CREATE INDEX "queries_gap" ON "queries" USING btree ("tenant_id","gap_id");--> statement-breakpoint
CREATE INDEX "queries_list" ON "queries" USING btree ("tenant_id","status","created_at","id");--> statement-breakpoint
CREATE INDEX "review_marks_encounter" ON "review_marks" USING btree ("tenant_id","member_id","encounter_id");--> statement-breakpoint
CREATE INDEX "submissions_gap" ON "submissions" USING btree ("tenant_id","gap_id");--> statement-breakpoint
CREATE INDEX "submissions_list" ON "submissions" USING btree ("tenant_id","status","created_at","id");--> statement-breakpoint
CREATE UNIQUE INDEX "api_keys_prefix" ON "api_keys" USING btree ("prefix");--> statement-breakpoint
CREATE INDEX "api_keys_tenant" ON "api_keys" USING btree ("tenant_id","created_at");--> statement-breakpoint
CREATE INDEX "idempotency_keys_age" ON "idempotency_keys" USING btree ("created_at");