-- Prints what a worker tells over two connections, as JSON: the requests in the counters that arrived, and in those that did not,
-- because the first connection breaks when they are sent, and the beats after the clock was set back on the second one. Runs as
-- worker.lua says.
local worker = dofile(measured.support .. "/worker.lua")
local cjson = require("cjson.safe")

local connections, arrived, lost, beats = 0, 0, 0, 0
local function requests(message)
  local sum = 0
  for _, row in ipairs(message.rows) do sum = sum + row.requests end
  return sum
end

ngx.socket.tcp = function()
  connections = connections + 1
  local own, turns = connections, 0
  return setmetatable({
    connect = function() return true end,
    send = function(_, line)
      local message = cjson.decode(line)
      if message.op == "beat" and own == 2 and turns > 2 then beats = beats + 1 end
      if message.op ~= "counters" then return #line end
      if own == 1 then
        lost = lost + requests(message)
        return nil, "timeout"
      end
      arrived = arrived + requests(message)
      return #line
    end,
    receive = function()
      turns = turns + 1
      worker.clock = worker.clock + 1
      -- An hour back, once, while nothing is due.
      if own == 2 and turns == 2 then worker.clock = worker.clock - 3600 end
      if turns > 12 then return nil, "closed" end
      return nil, "timeout", ""
    end,
  }, { __index = function() return function() return true end end })
end

worker.clock = 10000
for _ = 1, measured.requests do worker.ask("plain.example", "/") end
worker.rest(8)
io.stdout:write(cjson.encode({ lost = lost, arrived = arrived, beats = beats }), "\n")
io.stdout:flush()
os.exit(0)
