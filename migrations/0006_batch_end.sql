-- The end of a batch makes its webhook call necessary, wherever the state was changed: one place instead of five, and
-- in the transaction of the change.
CREATE FUNCTION batch_ended() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO work_items (tenant_id, kind, batch_id, payload) VALUES (NEW.tenant_id, 'webhook', NEW.id, '{}');
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER batch_ended AFTER UPDATE OF state ON batches FOR EACH ROW
  WHEN (NEW.state IN ('completed', 'failed', 'cancelled') AND OLD.state NOT IN ('completed', 'failed', 'cancelled'))
  EXECUTE FUNCTION batch_ended();
