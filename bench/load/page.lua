-- wrk: pages of 50 out of the messages of all sessions, the first ones unless
-- `first` says after which.
local world, count = nil, 0

function init(args)
  world = dofile(args[1])
  wrk.headers["Authorization"] = "Bearer " .. world.token
  math.randomseed(os.time())
end

function request()
  count = count + 1
  local s = world.sessions[count % #world.sessions + 1]
  return wrk.format("GET", "/session/" .. s.id .. "/messages?limit=50&after=" ..
    (world.first or 0) + math.random(0, world.messages - 50))
end
