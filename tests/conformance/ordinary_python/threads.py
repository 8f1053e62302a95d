"""Threads and asyncio."""

import asyncio
import concurrent.futures
import contextvars
import queue
import threading
import time

_variable = contextvars.ContextVar("variable", default="default")
_local = threading.local()


def thread_that_is_joined():
    """a thread that the job waits for"""
    seen = []
    thread = threading.Thread(target=seen.append, args=(1,))
    thread.start()
    thread.join()
    return seen


def thread_that_goes_on():
    """a thread that is still running when the function returns"""
    threading.Thread(target=time.sleep, args=(0.2,)).start()
    return "returned"


def daemon_thread_that_goes_on():
    """a daemon thread that never ends"""
    threading.Thread(target=threading.Event().wait, daemon=True).start()
    return "returned"


def executor_of_threads():
    """`concurrent.futures.ThreadPoolExecutor`"""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return list(pool.map(abs, (-1, -2)))


def queue_between_threads():
    """a queue between two threads"""
    numbers = queue.Queue()
    threading.Thread(target=numbers.put, args=(7,)).start()
    return numbers.get(timeout=10)


def timer():
    """`threading.Timer`"""
    done = threading.Event()
    threading.Timer(0.01, done.set).start()
    return done.wait(10)


async def coroutine_function():
    """a task that is an `async def`"""
    await asyncio.sleep(0.001)
    return "awaited"


async def coroutine_that_raises():
    """an `async def` that raises"""
    await asyncio.sleep(0)
    raise LookupError("in a coroutine")


def run_a_loop():
    """`asyncio.run` inside the function

    notebook: as in a cell, where a loop runs already
    """

    async def twice(number):
        await asyncio.sleep(0)
        return 2 * number

    async def both():
        return await asyncio.gather(twice(1), twice(2))

    return asyncio.run(both())


def subprocess_of_a_loop():
    """a child process of asyncio

    notebook: as in a cell, where a loop runs already
    """

    async def ask():
        child = await asyncio.create_subprocess_exec("echo", "x", stdout=asyncio.subprocess.PIPE)
        return (await child.communicate())[0]

    return asyncio.run(ask())


def set_a_context_variable():
    """a context variable that a job sets"""
    before = _variable.get()
    _variable.set("set")
    return before, _variable.get()


def read_a_context_variable():
    """a context variable that another job has set"""
    return _variable.get()


def runs_in_the_main_thread():
    """the function runs in the main thread of its process"""
    return threading.current_thread() is threading.main_thread()
