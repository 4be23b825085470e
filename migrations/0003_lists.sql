ALTER TABLE "gaps" ADD COLUMN "priority_parts" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "gaps" ADD COLUMN "chosen_link" jsonb;