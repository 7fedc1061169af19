-- A worker's edge in nginx's LuaJIT with its PCRE, for scripts that run in init_by_lua of an nginx that ends there: gives a table
-- with `ask`, which has a request decided, and counts of the expressions that were compiled and freed. The global `measured` holds
-- the folder of sluice.lua (edge) and the snapshot file (program). nginx's API is replaced by one that has a request to give,
-- and whose clock runs only when it is told to.
package.path = measured.edge .. "/?.lua;" .. package.path

local regex = require("resty.core.regex")
local ffi = require("ffi")
local worker = { compiled = 0, freed = 0, clock = 0 }
local compile, destroy = regex.re_match_compile, regex.destroy_compiled_regex
regex.re_match_compile = function(...) worker.compiled = worker.compiled + 1 return compile(...) end
regex.destroy_compiled_regex = function(...) worker.freed = worker.freed + 1 return destroy(...) end

local pointer = ffi.cast("void *", 4096)
local nothing = function() return true end
local function anything()
  return setmetatable({}, { __index = function() return nothing end })
end
package.loaded["resty.core.base"] = { get_request = function() return pointer end }
-- Puts the requests that follow at another address.
function worker.at(address) pointer = address end
for _, name in ipairs({ "ngx.balancer", "ngx.ssl", "ngx.ssl.clienthello", "resty.lrucache" }) do package.loaded[name] = anything() end
local function dictionary()
  return setmetatable({ get = function() end, incr = function() return 1 end }, { __index = function() return nothing end })
end

local status, channel, naps
local req = anything()
req.start_time = function() return 1 end
req.get_method = function() return "GET" end
ngx = setmetatable({
  var = { request_uri = "/", scheme = "http", server_protocol = "HTTP/1.1" },
  header = {}, status = 200, now = function() return worker.clock end,
  worker = { id = function() return 0 end, pid = function() return 1 end, exiting = function() return naps ~= nil and naps <= 0 end },
  timer = { at = function(_, start) channel = start return true end, every = nothing },
  socket = { tcp = function() return setmetatable({ connect = function() end }, { __index = function() return nothing end }) end },
  -- An hour has passed after 120 of these.
  sleep = function() naps = naps - 1 worker.clock = worker.clock + 30 end,
  req = req, re = anything(), shared = setmetatable({}, { __index = dictionary }),
  log = nothing, get_phase = function() return "init_worker" end, exit = function(code) status = code end,
}, { __index = function() return nothing end })

sluice = require("sluice")
sluice.init({
  config = "", socket = "", program = measured.program, keys = "", hideServer = true, tries = 3, bodySize = 1048576, requestIds = false, accessLog = true,
  logLabels = false, logScores = false, rejectHandshake = false, measured = nil, sent = {},
})
sluice.initWorker()

-- The status of a request that is answered without a backend, else 200.
function worker.ask(host, path)
  ngx.var.host, ngx.var.uri, ngx.var.request_uri, status = host, path, path, 200
  sluice.rewrite()
  sluice.log()
  return status
end

-- Lets half a minute pass `count` times, without a request.
function worker.rest(count)
  naps = count
  channel(false)
end

return worker
