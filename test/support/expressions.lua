-- Matches requests against lists of expressions, in nginx's LuaJIT with its PCRE, and prints what that took, as JSON.
-- Runs in init_by_lua of an nginx that ends there. The global `measured` holds the folder of sluice.lua (edge), the snapshot file
-- (program), and how many requests to make (requests). nginx's API is put aside for one that has a request to give, and whose
-- clock runs only when somebody sleeps.
package.path = measured.edge .. "/?.lua;" .. package.path

local regex = require("resty.core.regex")
local cjson = require("cjson.safe")
local ffi = require("ffi")
local compiled, freed, clock = 0, 0, 0
local compile, destroy, compiler_clock = regex.re_match_compile, regex.destroy_compiled_regex, os.clock
regex.re_match_compile = function(...) compiled = compiled + 1 return compile(...) end
regex.destroy_compiled_regex = function(...) freed = freed + 1 return destroy(...) end

local pointer = ffi.cast("void *", 4096)
local nothing = function() return true end
local function anything()
  return setmetatable({}, { __index = function() return nothing end })
end
package.loaded["resty.core.base"] = { get_request = function() return pointer end }
for _, name in ipairs({ "ngx.balancer", "ngx.ssl", "ngx.ssl.clienthello", "resty.lrucache" }) do package.loaded[name] = anything() end
local function dictionary()
  return setmetatable({ get = function() end, incr = function() return 1 end }, { __index = function() return nothing end })
end

local status, channel, naps
ngx = setmetatable({
  var = { request_uri = "/", scheme = "http", server_protocol = "HTTP/1.1" },
  header = {}, status = 200, now = function() return clock end,
  worker = { id = function() return 0 end, pid = function() return 1 end, exiting = function() return naps ~= nil and naps <= 0 end },
  timer = { at = function(_, start) channel = start return true end, every = nothing },
  socket = { tcp = function() return setmetatable({ connect = function() end }, { __index = function() return nothing end }) end },
  -- An hour has passed after 120 of these.
  sleep = function() naps = naps - 1 clock = clock + 30 end,
  req = anything(), re = anything(), shared = setmetatable({}, { __index = dictionary }),
  log = nothing, get_phase = function() return "init_worker" end, exit = function(code) status = code end,
}, { __index = function() return nothing end })

local sluice = require("sluice")
sluice.init({
  config = "", socket = "", program = measured.program, keys = "", hideServer = true, requestIds = false, accessLog = true,
  logLabels = false, logScores = false, rejectHandshake = false, measured = nil, sent = {},
})
sluice.initWorker()

local function ask(host, path)
  ngx.var.host, ngx.var.uri, ngx.var.request_uri, status = host, path, path, 200
  sluice.rewrite()
  sluice.log()
  return status
end

local said = {}
local function note(what, host, path)
  local before, from = compiled, compiler_clock()
  local last
  for i = 1, measured.requests do last = ask(host:gsub("%%", tostring(i)), path) end
  said[what] = { compiled = compiled - before, status = last, each = (compiler_clock() - from) / measured.requests * 1e6 }
end
note("names", "made-up-%.test", "/")
note("again", "made-up-%.test", "/")
note("paths", "paths.example", "/nobody/declares/this")
note("hostile", "hostile.example", "/" .. ("a"):rep(13) .. "-")
said.kept = compiled - freed
naps = 5
channel(false)
said.left = compiled - freed
io.stdout:write(cjson.encode(said))
io.stdout:flush()
os.exit(0)
