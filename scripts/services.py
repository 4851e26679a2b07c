"""Print which of PostgreSQL (127.0.0.1:5432, as `postgres`) and Redis (127.0.0.1:6379) can't be used."""

import sys

import psycopg
import redis

DATABASE_URL = "postgres://postgres@127.0.0.1:5432/postgres"
REDIS_URL = "redis://127.0.0.1:6379/15"


def missing() -> list[str]:
    """Return a sentence for each service that doesn't answer."""
    sentences = []
    try:
        psycopg.connect(DATABASE_URL, connect_timeout=3).close()
    except psycopg.Error as error:
        sentences.append(f"PostgreSQL: {str(error).strip().splitlines()[0]}")
    try:
        redis.Redis.from_url(REDIS_URL, socket_connect_timeout=3).ping()
    except redis.RedisError as error:
        sentences.append(f"Redis: {error}")
    return sentences


if __name__ == "__main__":
    sys.exit("; ".join(missing()) or 0)
