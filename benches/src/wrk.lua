-- What wrk sends: a GET with each cookie line of a file in turn, again and again or, with "once", each a single time.
-- What came out is one line of JSON.

local ffi = require("ffi")
ffi.cdef([[
  typedef struct { long seconds; long micros; } timeval;
  int gettimeofday(timeval *now, void *zone);
  int getpid(void);
  int kill(int process, int signal);
]])
local INTERRUPT = 2

local function micros()
  local now = ffi.new("timeval")
  ffi.C.gettimeofday(now, nil)
  return tonumber(now.seconds) * 1e6 + tonumber(now.micros)
end

local threads = {}
function setup(thread)
  threads[#threads + 1] = thread
end

function init(args)
  local requests, at, once = {}, 0, args[2] == "once"
  for line in io.lines(args[1]) do
    wrk.headers["Cookie"] = line ~= "" and line or nil
    requests[#requests + 1] = wrk.format("GET")
  end
  if #requests == 1 and not once then
    return -- The same each time, which wrk sends without asking here.
  end
  function request()
    if at == 0 then
      began = micros()
    end
    if at == #requests then
      if once and not took then
        -- wrk looks up only ten times a second: what is sent until then is not counted below.
        took, sent = micros() - began, at
        ffi.C.kill(ffi.C.getpid(), INTERRUPT)
      end
      at = 0
    end
    at = at + 1
    return requests[at]
  end
end

function done(summary, latency)
  local errors = summary.errors
  local count, took = threads[1]:get("sent") or summary.requests, threads[1]:get("took") or summary.duration
  io.write(string.format(
    'done {"count": %d, "asked": %d, "seconds": %f, "p50_ms": %f, "p99_ms": %f, "refused": %d, "broken": %d}\n',
    count, summary.requests, took / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
