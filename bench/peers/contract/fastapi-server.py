"""FastAPI on uvicorn: StreamingResponse of an async generator, uvicorn's own handling of SIGTERM."""

import asyncio
import json
import os
import socket
import time

import uvicorn
from fastapi import Depends, FastAPI, HTTPException
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.responses import StreamingResponse

PIECE = 64 * 1024
FLOOD_PIECES = 512
BUSY_SECONDS = 0.6

app = FastAPI()
if os.environ.get("CONTRACT_VARIANT") == "compress":
    app.add_middleware(GZipMiddleware)


def report(**event):
    os.write(1, (json.dumps({**event, "at": time.time() * 1000}) + "\n").encode())


async def fail_after_three(id):
    for i in range(3):
        yield f"chunk {i}\n"
        await asyncio.sleep(0.02)
    raise RuntimeError("the fourth chunk failed")


async def fail_at_once(id):
    await asyncio.sleep(0.005)
    raise RuntimeError("nothing was ready")
    yield ""


async def fail_at_once_own(id):
    await asyncio.sleep(0.005)
    raise HTTPException(403)
    yield ""


async def suspended(id):
    try:
        yield "first\n"
        report(event="waiting", id=id)
        await asyncio.sleep(30)
    finally:
        report(event="finally", id=id)


async def suspended_plain(id):
    # What is not made for it can be cancelled too: a bare future.
    try:
        yield "first\n"
        report(event="waiting", id=id)
        future = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_later(30, lambda: future.done() or future.set_result(None))
        await future
    finally:
        report(event="finally", id=id)


async def flood(id):
    piece = "x" * PIECE
    made = 0
    try:
        while made < FLOOD_PIECES:
            made += 1
            report(event="made", id=id, bytes=made * PIECE)
            yield piece
    finally:
        report(event="finally", id=id, bytes=made * PIECE, ranToItsEnd=made == FLOOD_PIECES)


async def busy(id):
    until = time.monotonic() + BUSY_SECONDS
    i = 0
    while time.monotonic() < until:
        yield f"frame {i}\n"
        i += 1


async def ticks(id):
    try:
        for i in range(200):
            yield f"tick {i}\n"
            await asyncio.sleep(0.1)
    finally:
        report(event="finally", id=id)


async def slow(id):
    yield "item 1\n"
    await asyncio.sleep(1)
    yield "item 2\n"


def add(path, make):
    @app.get(path)
    async def route(id: str = ""):
        return StreamingResponse(make(id), media_type="text/plain")


add("/late", fail_after_three)
add("/early", fail_at_once)
add("/early-own", fail_at_once_own)
add("/wait", suspended)
add("/wait-plain", suspended_plain)
add("/flood", flood)
add("/busy", busy)
add("/ticks", ticks)
add("/slow", slow)


def guard():
    raise HTTPException(403)


@app.get("/guarded", dependencies=[Depends(guard)])
async def guarded():
    return StreamingResponse(iter(["secret\n"]))


@app.get("/ping")
async def ping():
    return "pong"


if __name__ == "__main__":
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", int(os.environ.get("PORT", "0"))))
    listener.listen(128)
    report(event="listening", port=listener.getsockname()[1])
    uvicorn.Server(uvicorn.Config(app, log_level="critical", access_log=False)).run(sockets=[listener])
