-- Prints how many pieces of code LuaJIT has compiled, as JSON: after requests to plain routes, after requests to other routes, and
-- after requests to plain routes again. Runs as worker.lua says; the global `measured` also holds how often each host is asked (requests).
local worker = dofile(measured.support .. "/worker.lua")
local ffi = require("ffi")
local util = require("jit.util")
local sluice = require("sluice")

-- nginx puts requests at many addresses. Plain routes get some that they never had, and that other routes had first.
local addresses, turn = {}, 0
for i = 1, 64 do addresses[i] = ffi.cast("void *", 4096 * i) end

local function compiled()
  local count = 0
  for trace = 1, 8000 do if util.traceinfo(trace) then count = count + 1 end end
  return count
end

-- As nginx does: from C, so that nothing is compiled beyond the end of a phase.
local function call(phase) string.gsub("x", "x", phase) end

local function ask(hosts, from, to)
  for _ = 1, measured.requests do
    for _, host in ipairs(hosts) do
      turn = turn + 1
      worker.at(addresses[from + turn % (to - from + 1)])
      ngx.var.host, ngx.var.http_host, ngx.var.uri, ngx.var.request_uri = host, host, "/cart", "/cart"
      call(sluice.rewrite)
      call(sluice.balance)
      call(sluice.log)
    end
  end
  return compiled()
end
jit.off(call)
jit.off(ask)

local plain = { "plain.example", "other.example" }
local others = { "weight.example", "header.example", "cookie.example", "profile.example", "slow.example", "hashed.example", "http.example" }
local function interpreted()
  local count = 0
  for trace = 1, 8000 do
    local info = util.traceinfo(trace)
    if info and info.linktype == "interpreter" then count = count + 1 end
  end
  return count
end

local loaded = interpreted()
local said = { ask(plain, 1, 32), ask(others, 17, 64), ask(plain, 1, 64) }
for i = 65, 64 + measured.requests * (#plain + #others) do addresses[i] = ffi.cast("void *", 4096 * i) end
ask(plain, 65, #addresses)
ask(others, 65, #addresses)
said[4] = interpreted() - loaded
io.stdout:write(string.format('{"plain":%d,"others":%d,"again":%d,"interpreted":%d}', unpack(said)))
io.stdout:flush()
os.exit(0)
