-- Matches requests against lists of expressions, in nginx's LuaJIT with its PCRE, and prints what that took, as JSON. Runs as
-- worker.lua says; the global `measured` also holds how many requests to make (requests).
local cjson = require("cjson.safe")
local worker = dofile(measured.support .. "/worker.lua")

local said = {}
local function note(what, host, path)
  local before, from = worker.compiled, os.clock()
  local last
  for i = 1, measured.requests do last = worker.ask(host:gsub("%%", tostring(i)), path) end
  said[what] = { compiled = worker.compiled - before, status = last, each = (os.clock() - from) / measured.requests * 1e6 }
end
note("names", "made-up-%.test", "/")
note("again", "made-up-%.test", "/")
note("paths", "paths.example", "/nobody/declares/this")
note("hostile", "hostile.example", "/" .. ("a"):rep(13) .. "-")
said.kept = worker.compiled - worker.freed
worker.rest(5)
said.left = worker.compiled - worker.freed
io.stdout:write(cjson.encode(said))
io.stdout:flush()
os.exit(0)
