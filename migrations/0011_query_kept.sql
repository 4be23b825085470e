-- A query as sent and its answer are evidence: nobody changes them afterwards, the service neither (CQ-10, CQ-11). The
-- member's key stays free: two ids of one person are merged, and unmerged, by file.
CREATE FUNCTION query_kept() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF OLD.status IN ('answered', 'withdrawn') AND NEW.status IS DISTINCT FROM OLD.status THEN
    RAISE EXCEPTION 'a query that has ended stays so' USING ERRCODE = 'HG002';
  END IF;
  IF OLD.sent_at IS NOT NULL
    AND (NEW.content, NEW.content_sha256, NEW.type, NEW.provider_npi, NEW.created_by, NEW.created_at, NEW.sent_at)
      IS DISTINCT FROM
      (OLD.content, OLD.content_sha256, OLD.type, OLD.provider_npi, OLD.created_by, OLD.created_at, OLD.sent_at)
  THEN
    RAISE EXCEPTION 'a query that was sent is kept as it was' USING ERRCODE = 'HG002';
  END IF;
  IF OLD.answer IS NOT NULL
    AND (NEW.answer, NEW.answered_by, NEW.answered_at) IS DISTINCT FROM (OLD.answer, OLD.answered_by, OLD.answered_at)
  THEN
    RAISE EXCEPTION 'an answer is kept as it was given' USING ERRCODE = 'HG002';
  END IF;
  RETURN NEW;
END $$;
--> statement-breakpoint
CREATE TRIGGER query_kept BEFORE UPDATE ON queries FOR EACH ROW EXECUTE FUNCTION query_kept();
