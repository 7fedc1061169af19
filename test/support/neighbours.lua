-- What requests to hosts with heavy expressions cost those of other namespaces, in nginx's LuaJIT with its PCRE, as JSON. Runs as
-- worker.lua says; the global `measured` also holds how many heavy hosts there are (heavy), and how often all of them are asked (rounds).
local cjson = require("cjson.safe")
local worker = dofile(measured.support .. "/worker.lua")

local said = {}
local function note(what, host)
  local before, from = worker.compiled, os.clock()
  local status = worker.ask(host, "/nobody/declares/this")
  -- A shared processor may be taken away for longer than a whole search may last: what was found too late once is asked again.
  for _ = 1, 2 do
    if what == "heavy" or status ~= 500 then break end
    status = worker.ask(host, "/nobody/declares/this")
  end
  said[what] = said[what] or {}
  table.insert(said[what], { compiled = worker.compiled - before, status = status, took = (os.clock() - from) * 1e3 })
end
local function press()
  for i = 0, measured.heavy - 1 do
    for _ = 1, 3 do note("heavy", "heavy" .. i .. ".example") end
  end
end

note("known", "known.example")
note("names", "made-up.test")
for _ = 1, measured.rounds do
  press()
  note("known", "known.example")
  note("names", "made-up.test")
end
note("new", "new.example")
said.kept = worker.compiled - worker.freed
worker.rest(5)
said.left = worker.compiled - worker.freed
io.stdout:write(cjson.encode(said))
io.stdout:flush()
os.exit(0)
