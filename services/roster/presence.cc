#include "services/roster/presence.h"

#include <algorithm>
#include <sstream>

namespace chat::roster {
namespace {

// libs/redis reads no arrays, so the scripts answer with one text.

// KEYS: lease sets. ARGV: now. A line "<index of the key> <gateway>" for each live lease.
constexpr char kHolders[] = R"(
local lines = {}
for index, key in ipairs(KEYS) do
  for _, gateway in ipairs(redis.call('ZRANGEBYSCORE', key, '(' .. ARGV[1], '+inf')) do
    lines[#lines + 1] = index .. ' ' .. gateway
  end
end
return table.concat(lines, '\n'))";
constexpr size_t kKeysPerScript = 500;

// KEYS: `online`. ARGV: now, limit, when to look again. Removes who has no live lease and answers
// with them, separated by blanks; who still has one, as its gateway has not yet given it back, or
// another one holds it, is looked at again later.
constexpr char kTakeEnded[] = R"(
local ended = {}
for _, account in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1],
                                    'LIMIT', 0, ARGV[2])) do
  local latest = redis.call('ZREVRANGE', 'online:' .. account, 0, 0, 'WITHSCORES')
  if latest[2] and tonumber(latest[2]) > tonumber(ARGV[1]) then
    redis.call('ZADD', KEYS[1], math.min(tonumber(latest[2]), tonumber(ARGV[3])), account)
  else
    redis.call('ZREM', KEYS[1], account)
    ended[#ended + 1] = account
  end
end
return table.concat(ended, ' '))";
constexpr int64_t kLookAgainMs = 1000;

std::string KeyOf(AccountId account) { return "online:" + std::to_string(account.value); }

}  // namespace

std::vector<bool> RedisPresence::Online(std::span<const AccountId> accounts) {
  std::vector<bool> online(accounts.size(), false);
  if (accounts.empty()) return online;
  const std::string now = "(" + std::to_string(clock_.UnixMs());
  std::vector<std::vector<std::string>> commands;
  commands.reserve(accounts.size());
  for (AccountId account : accounts) commands.push_back({"ZCOUNT", KeyOf(account), now, "+inf"});
  const auto answers = client_.Run(commands);
  if (!answers.ok() || answers->size() != accounts.size()) return online;
  for (size_t i = 0; i < answers->size(); ++i) {
    const auto& leases = (*answers)[i];
    online[i] =
        leases.has_value() && !leases->empty() && leases->front() >= '1' && leases->front() <= '9';
  }
  return online;
}

Presence::ByGateway RedisPresence::Holders(std::span<const AccountId> accounts) {
  ByGateway holders;
  if (accounts.empty()) return holders;
  const std::string now = std::to_string(clock_.UnixMs());
  std::vector<std::vector<std::string>> commands;
  for (size_t begin = 0; begin < accounts.size(); begin += kKeysPerScript) {
    const auto some = accounts.subspan(begin, std::min(kKeysPerScript, accounts.size() - begin));
    std::vector<std::string>& command =
        commands.emplace_back(std::vector<std::string>{"EVAL", kHolders});
    command.push_back(std::to_string(some.size()));
    for (AccountId account : some) command.push_back(KeyOf(account));
    command.push_back(now);
  }
  const auto answers = client_.Run(commands);
  if (!answers.ok()) return holders;
  for (size_t i = 0; i < answers->size(); ++i) {
    std::istringstream lines((*answers)[i].value_or(""));
    size_t index = 0;
    std::string gateway;
    while (lines >> index && std::getline(lines.ignore(), gateway)) {
      holders[gateway].push_back(accounts[i * kKeysPerScript + index - 1]);
    }
  }
  return holders;
}

std::vector<AccountId> RedisPresence::TakeEnded(int limit) {
  const int64_t now = clock_.UnixMs();
  const auto answers = client_.Run({{"EVAL", kTakeEnded, "1", "online", std::to_string(now),
                                     std::to_string(limit), std::to_string(now + kLookAgainMs)}});
  std::vector<AccountId> ended;
  if (!answers.ok() || answers->empty()) return ended;
  std::istringstream accounts(answers->front().value_or(""));
  for (int64_t account = 0; accounts >> account;) ended.push_back({account});
  return ended;
}

}  // namespace chat::roster
