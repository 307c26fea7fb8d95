"""FastAPI on uvicorn. Not named fastapi.py, or `import fastapi` would find this file."""

import asyncio
import gc as collector
import os
import resource
import socket

import anyio
import uvicorn
from fastapi import FastAPI
from fastapi.responses import FileResponse, StreamingResponse

FILE = os.environ.get("BENCH_FILE", "")
app = FastAPI()
produced: dict[str, int] = {}


@app.get("/json")
async def json():
    return {"hello": "world", "id": 42, "name": "Millrace", "price": 9.99, "tags": ["stream", "json"], "active": True}


@app.get("/burst")
async def burst(frames: int):
    async def items():
        for i in range(frames):
            yield f"frame {i}\n"

    return StreamingResponse(items(), media_type="text/plain")


@app.get("/paced")
async def paced(frames: int):
    async def items():
        for i in range(frames):
            await asyncio.sleep(0)
            yield f"frame {i}\n"

    return StreamingResponse(items(), media_type="text/plain")


@app.get("/endless")
async def endless(reader: str):
    async def items():
        produced[reader] = 0
        i = 0
        while True:
            produced[reader] += 1024
            yield f"{i}".ljust(1023, ".") + "\n"
            i += 1

    return StreamingResponse(items(), media_type="text/plain")


@app.get("/download")
async def download():
    return FileResponse(FILE)


@app.get("/async-download")
async def async_download(chunk: int, bytes: int):
    async def items():
        left = bytes
        async with await anyio.open_file(FILE, "rb", buffering=0) as file:
            while left > 0 and (data := await file.read(min(chunk, left))):
                left -= len(data)
                yield data

    return StreamingResponse(items(), media_type="application/octet-stream")


@app.get("/stats")
async def stats(gc: str = ""):
    if gc == "1":
        collector.collect()
    used = resource.getrusage(resource.RUSAGE_SELF)
    with open("/proc/self/statm") as statm:
        rss = int(statm.read().split()[1]) * resource.getpagesize()
    cpu = {"cpuUser": used.ru_utime * 1e6, "cpuSystem": used.ru_stime * 1e6}
    return {**cpu, "rss": rss, "heapUsed": 0, "external": 0, "arrayBuffers": 0, "produced": produced}


if __name__ == "__main__":
    # The protocol is named so that asyncio turns Nagle's delay off, as it does for sockets of its own.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", int(os.environ.get("PORT", "0"))))
    listener.listen(1024)
    print(f"listening {listener.getsockname()[1]}", flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False)).run(sockets=[listener])
