// Which channels are wanted and which are confirmed. Pure: no socket, no clock, one thread.
//
// Redis answers SUBSCRIBE and UNSUBSCRIBE channel by channel, in order. A channel is confirmed when
// the last command about it has been answered and it is wanted: an earlier answer may be followed
// by an UNSUBSCRIBE that is still under way.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace chat::redis {

struct Command {
  bool subscribe = true;
  std::vector<std::string> channels;  // 500 at most
};

class Subscriptions {
 public:
  // Changes what is wanted; the commands to send if connected.
  void Want(std::vector<std::string> channels, std::vector<Command>* commands);
  void Unwant(std::vector<std::string> channels, std::vector<Command>* commands);

  // A connection is new: nothing is under way. The commands that restore what is wanted.
  std::vector<Command> Restart();
  // The answer to one channel of a SUBSCRIBE. True if that confirms the channel.
  bool Confirm(std::string_view channel);
  void ConfirmUnsubscribed(std::string_view channel);
  // Whether all that Restart() asked for is confirmed, or no longer wanted.
  bool restored() const { return restoring_.empty(); }
  size_t wanted() const { return wanted_.size(); }

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  using Set = std::unordered_set<std::string, Hash, std::equal_to<>>;

  void Ask(bool subscribe, std::vector<std::string> channels, std::vector<Command>* commands);
  // One command about the channel is answered. True if it was the last one.
  bool Answered(std::string_view channel);

  Set wanted_;
  Set restoring_;
  std::unordered_map<std::string, int, Hash, std::equal_to<>> under_way_;  // commands by channel
};

}  // namespace chat::redis
