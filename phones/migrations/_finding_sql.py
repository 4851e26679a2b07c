"""What 0003_finding asks of each database beyond Django's own words: the trigram index, and kept sort keys.

SQLite has its trigrams in an FTS5 table, whose rows are integers. A phone's id is none, and the `rowid` that SQLite
gives it may change with a VACUUM, so `phones_searchkey` keeps an integer a phone; the integers of one project lie
between `place << 32` and `place + 1 << 32`, which lets a search, and the count of its hits, stay inside a project.

The triggers went with 0012_without_triggers: what they kept is written by whoever writes phones and agents.
"""


def _key(row: str, lane: str) -> str:
    """Return where an agent stands: none first, then what we don't know, then by name."""
    return f"""CASE WHEN {row}.{lane}_agent_id IS NULL THEN '' ELSE coalesce(
        (SELECT sort_key FROM phones_agent
         WHERE id = {row}.{lane}_agent_id AND project_id = {row}.project_id), ' ') END"""  # noqa: S608


SQLITE_TABLES = (
    "CREATE TABLE phones_searchproject (place integer PRIMARY KEY, project_id char(32) NOT NULL UNIQUE)",
    "CREATE TABLE phones_searchkey (key integer PRIMARY KEY, phone_id char(32) NOT NULL UNIQUE)",
    # Both the text and the query are folded, so letters are compared as they are.
    "CREATE VIRTUAL TABLE phones_search USING fts5(search_text, tokenize = 'trigram case_sensitive 1')",
)

SQLITE_TRIGGERS = (
    f"""CREATE TRIGGER phone_inserted AFTER INSERT ON phones_phone BEGIN
        INSERT INTO phones_searchproject (project_id) SELECT NEW.project_id
        WHERE NOT EXISTS (SELECT 1 FROM phones_searchproject WHERE project_id = NEW.project_id);
        INSERT INTO phones_searchkey (key, phone_id) SELECT 1 + max(
            place << 32,
            coalesce((SELECT max(key) FROM phones_searchkey WHERE key < place + 1 << 32), 0)
        ), NEW.id FROM phones_searchproject WHERE project_id = NEW.project_id;
        INSERT INTO phones_search (rowid, search_text)
        SELECT key, NEW.search_text FROM phones_searchkey WHERE phone_id = NEW.id;
        UPDATE phones_phone SET inbound_key = {_key("NEW", "inbound")}, outbound_key = {_key("NEW", "outbound")}
        WHERE id = NEW.id AND (NEW.inbound_agent_id IS NOT NULL OR NEW.outbound_agent_id IS NOT NULL);
    END""",
    """CREATE TRIGGER phone_text_updated AFTER UPDATE OF search_text ON phones_phone
    WHEN OLD.search_text <> NEW.search_text BEGIN
        UPDATE phones_search SET search_text = NEW.search_text
        WHERE rowid = (SELECT key FROM phones_searchkey WHERE phone_id = NEW.id);
    END""",
    """CREATE TRIGGER phone_deleted AFTER DELETE ON phones_phone BEGIN
        DELETE FROM phones_search WHERE rowid = (SELECT key FROM phones_searchkey WHERE phone_id = OLD.id);
        DELETE FROM phones_searchkey WHERE phone_id = OLD.id;
    END""",
    f"""CREATE TRIGGER phone_lanes_updated
    AFTER UPDATE OF inbound_agent_id, outbound_agent_id, inbound_key, outbound_key ON phones_phone
    WHEN NEW.inbound_key <> {_key("NEW", "inbound")} OR NEW.outbound_key <> {_key("NEW", "outbound")} BEGIN
        UPDATE phones_phone SET inbound_key = {_key("NEW", "inbound")}, outbound_key = {_key("NEW", "outbound")}
        WHERE id = NEW.id;
    END""",
    *(
        f"""CREATE TRIGGER agent_{event}_{lane} AFTER {when} ON phones_agent BEGIN
            UPDATE phones_phone SET {lane}_key = NEW.sort_key
            WHERE project_id = NEW.project_id AND {lane}_agent_id = NEW.id AND {lane}_key <> NEW.sort_key;
        END"""  # noqa: S608
        for event, when in (("inserted", "INSERT"), ("renamed", "UPDATE OF sort_key"))
        for lane in ("inbound", "outbound")
    ),
)

SQLITE_WITHOUT_TRIGGERS = tuple(
    f"DROP TRIGGER IF EXISTS {name}"
    for name in (
        "phone_inserted",
        "phone_text_updated",
        "phone_deleted",
        "phone_lanes_updated",
        "agent_inserted_inbound",
        "agent_inserted_outbound",
        "agent_renamed_inbound",
        "agent_renamed_outbound",
    )
)

SQLITE_ROWS = (
    "INSERT INTO phones_searchproject (project_id) SELECT DISTINCT project_id FROM phones_phone",
    """INSERT INTO phones_searchkey (key, phone_id)
    SELECT (place << 32) + row_number() OVER (PARTITION BY place ORDER BY phones_phone.rowid), id
    FROM phones_phone JOIN phones_searchproject USING (project_id)""",
    """INSERT INTO phones_search (rowid, search_text)
    SELECT key, search_text FROM phones_searchkey JOIN phones_phone ON id = phone_id ORDER BY key""",
)

POSTGRES_TRIGGERS = (
    f"""CREATE FUNCTION phones_sort_lanes() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        NEW.inbound_key := {_key("NEW", "inbound")};
        NEW.outbound_key := {_key("NEW", "outbound")};
        RETURN NEW;
    END $$""",
    """CREATE TRIGGER phone_lanes
    BEFORE INSERT OR UPDATE OF inbound_agent_id, outbound_agent_id, inbound_key, outbound_key ON phones_phone
    FOR EACH ROW EXECUTE FUNCTION phones_sort_lanes()""",
    """CREATE FUNCTION phones_agent_renamed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        UPDATE phones_phone SET inbound_key = NEW.sort_key
        WHERE project_id = NEW.project_id AND inbound_agent_id = NEW.id AND inbound_key <> NEW.sort_key;
        UPDATE phones_phone SET outbound_key = NEW.sort_key
        WHERE project_id = NEW.project_id AND outbound_agent_id = NEW.id AND outbound_key <> NEW.sort_key;
        RETURN NULL;
    END $$""",
    """CREATE TRIGGER agent_renamed AFTER INSERT OR UPDATE OF sort_key ON phones_agent
    FOR EACH ROW EXECUTE FUNCTION phones_agent_renamed()""",
)

POSTGRES_WITHOUT_TRIGGERS = (
    "DROP TRIGGER IF EXISTS phone_lanes ON phones_phone",
    "DROP TRIGGER IF EXISTS agent_renamed ON phones_agent",
    "DROP FUNCTION IF EXISTS phones_sort_lanes()",
    "DROP FUNCTION IF EXISTS phones_agent_renamed()",
)

POSTGRES = (
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    # Room in each page for the next reading of its rows: a sync moves `fetched_at`, which no index has, and where the
    # new row fits beside the old one PostgreSQL leaves the indexes alone.
    "ALTER TABLE phones_phone SET (fillfactor = 50)",
    "CREATE INDEX phone_search ON phones_phone USING gin (search_text gin_trgm_ops)",
    *POSTGRES_TRIGGERS,
)

# The triggers see to the rest.
BOTH_ROWS = ("UPDATE phones_phone SET inbound_key = inbound_key",)

SQLITE_GONE = (
    *(f"DROP TRIGGER IF EXISTS {statement.split()[2]}" for statement in SQLITE_TRIGGERS),
    *(f"DROP TABLE IF EXISTS phones_{name}" for name in ("search", "searchkey", "searchproject")),
)

# The functions take their triggers along. The extension stays: the program may not be the only one to use it.
POSTGRES_GONE = (
    "DROP INDEX IF EXISTS phone_search",
    "DROP FUNCTION IF EXISTS phones_sort_lanes() CASCADE",
    "DROP FUNCTION IF EXISTS phones_agent_renamed() CASCADE",
)

# How many of 100,000 phones share a value of a column. SQLite plans by such figures, which `ANALYZE` would count, but
# has none for a table that filled since, and then reads a project's every row to find the few of an agent.
ROWS = 100_000
FEW_ROWS = 100
_SHARED = {
    "project_id": ROWS,
    "missing_since": ROWS,
    "scheduled_release_at": ROWS,
    "status": 50_000,
    "telephony_provider": 50_000,
    "inbound_agent_id": 3_000,
    "inbound_key": 3_000,
    "outbound_agent_id": 3_000,
    "outbound_key": 3_000,
    "nickname_key": 10,
    "assigned_key": 10,
    "number": 1,
    "id": 1,
}


def expected(columns: list[str], *, is_partial: bool = False) -> str:
    """Return what `sqlite_stat1` says of an index: all rows, then how many share its first columns, one more each."""
    figures = [FEW_ROWS if is_partial else ROWS]
    sharing = figures[0]
    for column in columns:
        sharing = max(1, sharing * _SHARED[column] // ROWS)
        figures.append(sharing)
    return " ".join(map(str, figures))
