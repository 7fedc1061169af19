-- Prints how many LuaJIT bytecodes the edge runs for one plain request: decision, endpoint, log. See bytecodes.ts.
-- Runs in init_by_lua of an nginx that ends there. The global `measured` holds the folder of sluice.lua (edge), the snapshot file
-- (program) and how many requests to count (requests). nginx's API is replaced by one that has a request to give.
package.path = measured.edge .. "/?.lua;" .. package.path
jit.off()

local ffi = require("ffi")
local pointer = ffi.cast("void *", 4096)
local nothing = function() return true end
package.loaded["resty.core.base"] = { get_request = function() return pointer end }
package.loaded["ngx.balancer"] = { set_current_peer = nothing, set_more_tries = nothing, set_timeouts = nothing }
-- Stands for modules of which a plain request calls no function.
local function anything()
  return setmetatable({}, { __index = function() return nothing end })
end
package.loaded["ngx.ssl"] = anything()
package.loaded["ngx.ssl.clienthello"] = anything()
package.loaded["resty.lrucache"] = anything()
-- A shared dictionary that is empty and takes everything.
local function dictionary()
  return setmetatable({ get = function() end, incr = function() return 1 end }, { __index = function() return nothing end })
end
local req = anything()
req.start_time = function() return 1 end
req.get_method = function() return "GET" end
ngx = setmetatable({
  var = { host = "shop.example", http_host = "shop.example", uri = "/cart", request_uri = "/cart?x=1", scheme = "http", server_protocol = "HTTP/1.1" },
  header = {}, status = 200,
  now = function() return 1 end,
  worker = { id = function() return 0 end, pid = function() return 1 end, exiting = function() return false end },
  timer = { at = nothing, every = nothing },
  req = req, re = anything(), shared = setmetatable({}, { __index = dictionary }),
  log = nothing, get_phase = function() return "init_worker" end,
  exit = function(status) error("a plain request was answered with " .. tostring(status)) end,
  redirect = function() error("a plain request was redirected") end,
}, { __index = function() return nothing end })

sluice = require("sluice")
sluice.init({
  config = "", socket = "", program = measured.program, keys = "", hideServer = true, tries = 3, requestIds = false, accessLog = true,
  logLabels = false, logScores = false, rejectHandshake = false,
})
sluice.initWorker()

local function request()
  sluice.rewrite()
  sluice.balance()
  sluice.log()
end
request()

local count = 0
debug.sethook(function() count = count + 1 end, "", 1)
for _ = 1, measured.requests do request() end
debug.sethook()
io.stdout:write(string.format("%.1f\n", count / measured.requests))
io.stdout:flush()
os.exit(0)
