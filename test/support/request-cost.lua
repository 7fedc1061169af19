-- Prints what the edge needs for one request of each kind, as JSON: LuaJIT bytecodes and bytes of garbage, in all phases. See
-- request-cost.ts. Runs in init_by_lua of an nginx that ends there. The global `measured` holds the folder of sluice.lua (edge), the
-- snapshot file (program) and how many requests to count (requests). nginx's API is replaced by one that has a request to give.
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
-- The one in which rates are counted.
local record
local rates = setmetatable({ get = function() return record end, set = function(_, _, value) record = value return true end }, { __index = function() return nothing end })
local req = anything()
req.start_time = function() return 1 end
req.get_method = function() return "GET" end
ngx = setmetatable({
  var = { uri = "/cart", request_uri = "/cart?x=1", scheme = "http", server_protocol = "HTTP/1.1" },
  header = {}, status = 200,
  now = function() return 1 end,
  worker = { id = function() return 0 end, pid = function() return 1 end, exiting = function() return false end },
  timer = { at = nothing, every = nothing },
  req = req, re = anything(), shared = setmetatable({ sluice_limits = rates }, { __index = dictionary }),
  md5_bin = function() return "0123456789abcdef" end, md5 = function() return "0123456789abcdef0123456789abcdef" end,
  log = nothing, get_phase = function() return "init_worker" end,
  exit = function(status) error("a plain request was answered with " .. tostring(status)) end,
  redirect = function() error("a plain request was redirected") end,
}, { __index = function() return nothing end })

sluice = require("sluice")
sluice.init({
  config = "", socket = "", program = measured.program, keys = "", hideServer = true, tries = 3, bodySize = 1048576, requestIds = false, accessLog = true,
  logLabels = false, logScores = false, rejectHandshake = false,
})
sluice.initWorker()

-- Kind → what its request says beside the host, and whether its route has the access and header filter phases.
local kinds = {
  { "plain", {} }, { "weight", {} }, { "rollout", { upstream_header_time = "0.003" } }, { "header", { http_x_canary = "always" } }, { "cookie", { cookie_canary = "always" } },
  { "session", { cookie_INGRESSCOOKIE = "1700000000.1.2.3|0123456789abcdef0123456789abcdef" } },
  { "rewrite", { uri = "/api/things" } }, { "body", {} }, { "profile", {}, true }, { "limits", {} }, { "networks", { binary_remote_addr = "\10\7\0\1" } },
  { "cors", { http_origin = "https://shop.example", request_method = "GET" }, true }, { "paths", { uri = "/p29/things" } },
}

local function request()
  sluice.rewrite()
  sluice.balance()
  sluice.log()
end

local function filteredRequest()
  sluice.rewrite()
  sluice.access()
  sluice.balance()
  sluice.respond()
  sluice.log()
end

local function cost(request)
  for _ = 1, 3 do request() end
  local count = 0
  debug.sethook(function() count = count + 1 end, "", 1)
  for _ = 1, measured.requests do request() end
  debug.sethook()
  collectgarbage()
  collectgarbage("stop")
  local garbage = collectgarbage("count")
  for _ = 1, measured.requests do request() end
  garbage = collectgarbage("count") - garbage
  collectgarbage("restart")
  return count / measured.requests, garbage * 1024 / measured.requests
end

local said = {}
local usual = ngx.var
for _, kind in ipairs(kinds) do
  local name, vars, filtered = unpack(kind)
  ngx.var = { host = name .. ".example", http_host = name .. ".example" }
  for key, value in pairs(usual) do ngx.var[key] = value end
  for key, value in pairs(vars) do ngx.var[key] = value end
  said[#said + 1] = string.format('"%s":{"bytecodes":%.1f,"bytes":%.1f}', name, cost(filtered and filteredRequest or request))
end
io.stdout:write("{", table.concat(said, ","), "}\n")
io.stdout:flush()
os.exit(0)
