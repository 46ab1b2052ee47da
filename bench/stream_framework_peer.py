"""Stream-Framework as the peer of the benchmark fanout-peer: one command a line on stdin, one JSON object a line on stdout.

Arguments: port of a Redis or Valkey server, number of followers, number of processes. Commands: `seed`, `publish`.
Followers come from memory and tasks from a process pool, so neither a database nor a broker slows it down.
"""
import datetime
import json
import multiprocessing
import sys
import time

from stream_framework import settings

port, followers, processes = (int(argument) for argument in sys.argv[1:4])
settings.STREAM_REDIS_CONFIG = {'default': {'host': '127.0.0.1', 'port': port, 'db': 0, 'password': None}}

from stream_framework.activity import Activity  # noqa: E402
from stream_framework.feed_managers.base import FanoutPriority, Manager, add_operation  # noqa: E402
from stream_framework.feeds.redis import RedisFeed  # noqa: E402
from stream_framework.storage.redis.connection import get_redis_connection  # noqa: E402
from stream_framework.verbs.base import Love  # noqa: E402

HEAD_ITEMS = 200
OWNER = 10_000_000
COPIES_A_CALL = 1_000


class HomeFeed(RedisFeed):
    key_format = 'feed:%(user_id)s'
    max_length = HEAD_ITEMS


class OwnFeed(HomeFeed):
    key_format = 'own:%(user_id)s'


class Pooled:
    """What a Celery worker with so many processes does, with a broker that costs nothing."""

    def __init__(self):
        self.chunks = []

    def delay(self, feed_manager, feed_class, user_ids, operation, operation_kwargs):
        self.chunks.append((user_ids, operation_kwargs['activities']))


class PhotoManager(Manager):
    feed_classes = {'normal': HomeFeed}
    user_feed_class = OwnFeed

    def __init__(self):
        self.task = Pooled()

    def get_user_follower_ids(self, user_id):
        return {FanoutPriority.HIGH: list(range(followers))}

    def get_fanout_task(self, priority=None, feed_class=None):
        return self.task


def activity_of(number, when):
    return Activity(OWNER, Love, number, time=when)


def work(chunk):
    user_ids, activities = chunk
    PhotoManager().fanout(user_ids, HomeFeed, add_operation, {'activities': activities, 'trim': True})


def seed():
    first = HomeFeed(0)
    start = datetime.datetime.utcnow() - datetime.timedelta(days=2)
    activities = [activity_of(i, start + datetime.timedelta(minutes=10 * i)) for i in range(1, HEAD_ITEMS + 1)]
    HomeFeed.insert_activities(activities)
    first.add_many(activities)
    redis = get_redis_connection()
    copy = redis.register_script("for i = 2, #KEYS do redis.call('COPY', KEYS[1], KEYS[i], 'REPLACE') end")
    for begin in range(1, followers, COPIES_A_CALL):
        users = range(begin, min(begin + COPIES_A_CALL, followers))
        copy(keys=[first.key] + [HomeFeed(user).key for user in users])
    return {'seeded': followers}


def publish(pool, number):
    manager = PhotoManager()
    activity = activity_of(number, datetime.datetime.utcnow())
    begin = time.perf_counter()
    manager.add_user_activity(OWNER, activity)
    for _ in pool.imap_unordered(work, manager.task.chunks, chunksize=8):
        pass
    ms = (time.perf_counter() - begin) * 1000
    redis = get_redis_connection()
    members = [redis.zscore(HomeFeed(user).key, activity.serialization_id) for user in range(0, followers, 97)]
    return {'ms': ms, 'sampled': len(members), 'found': sum(member is not None for member in members)}


def main():
    # The pool's processes must not inherit a connection.
    pool = multiprocessing.Pool(processes)
    number = 1000
    for line in sys.stdin:
        if line.strip() == 'seed':
            answer = seed()
        else:
            number += 1
            answer = publish(pool, number)
        print(json.dumps(answer), flush=True)
    pool.terminate()


main()
