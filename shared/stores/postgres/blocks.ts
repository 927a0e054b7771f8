/** The functions of the tables' owner: they make and drop partitions of `lines` for roles that may not. */

/** Runs in one partition of `lines`: what is dropped at once when they are all old. */
const BLOCK_RUNS = 64;

/** Any number; whoever changes tables holds it. */
export const SCHEMA_LOCK = 5_731_862_091;

/** As they are now, whatever they were before. */
export const FUNCTIONS = `
CREATE OR REPLACE FUNCTION waybill.now_ms() RETURNS bigint LANGUAGE sql STABLE
  AS $$ SELECT (extract(epoch FROM statement_timestamp()) * 1000)::bigint $$;

-- Makes room for the healthy objects of a run, for roles that may make no tables.
CREATE OR REPLACE FUNCTION waybill.open_block(run bigint) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  block bigint := run / ${BLOCK_RUNS};
  name text := 'lines_' || block;
BEGIN
  IF to_regclass('waybill.' || name) IS NOT NULL THEN RETURN; END IF;
  PERFORM pg_advisory_xact_lock(${SCHEMA_LOCK});
  -- Read from the table: what this session remembers of names may be older than the lock.
  IF EXISTS (SELECT FROM pg_class WHERE relname = name AND relnamespace = 'waybill'::regnamespace)
    THEN RETURN; END IF;
  EXECUTE format('CREATE TABLE waybill.%I (LIKE waybill.lines INCLUDING ALL) WITH (fillfactor = 70)', name);
  EXECUTE format('ALTER TABLE waybill.lines ATTACH PARTITION waybill.%I FOR VALUES FROM (%s) TO (%s)',
    name, block * ${BLOCK_RUNS}, (block + 1) * ${BLOCK_RUNS});
END $$;
REVOKE EXECUTE ON FUNCTION waybill.open_block FROM PUBLIC;

-- Removes the healthy objects of runs that are gone, for roles that may drop no tables. Not the newest
-- two: a run that is being opened is not seen yet.
CREATE OR REPLACE FUNCTION waybill.drop_blocks() RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  name text;
BEGIN
  FOR name IN
    SELECT block.name FROM (
      SELECT relname::text AS name, substring(relname::text FROM '[0-9]+$')::bigint AS number
      FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
      WHERE inhparent = 'waybill.lines'::regclass
    ) AS block
    WHERE block.number < (SELECT MAX(number) FROM waybill.runs) / ${BLOCK_RUNS} - 1
      AND NOT EXISTS (SELECT FROM waybill.runs WHERE number / ${BLOCK_RUNS} = block.number)
  LOOP
    EXECUTE format('DROP TABLE waybill.%I', name);
  END LOOP;
END $$;
REVOKE EXECUTE ON FUNCTION waybill.drop_blocks FROM PUBLIC;

-- Whoever may make room may give it back.
DO $$
DECLARE
  role text;
BEGIN
  FOR role IN
    SELECT quote_ident(pg_get_userbyid(grantee)) FROM pg_proc, aclexplode(proacl)
    WHERE pg_proc.oid = 'waybill.open_block'::regproc AND grantee <> 0
  LOOP
    EXECUTE format('GRANT EXECUTE ON FUNCTION waybill.drop_blocks TO %s', role);
  END LOOP;
END $$;`;
