// listen: prints what arrives; goes on after another command of the same home has had the
// connection.
#include <algorithm>
#include <chrono>
#include <limits>
#include <thread>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/client/failure.h"
#include "libs/client/request.h"
#include "services/cli/commands.h"
#include "services/cli/dialogue.h"

namespace chat::cli {

namespace {

constexpr int64_t kPatienceMs = 5000;  // without a connection
constexpr std::chrono::milliseconds kRetryPause{200};

int64_t Now() { return Clock::System().MonotonicMs(); }

class Listener {
 public:
  explicit Listener(const Arguments& arguments)
      : arguments_(arguments),
        left_(arguments.count.value_or(std::numeric_limits<int64_t>::max())),
        end_(arguments.listen_ms ? Now() + *arguments.listen_ms
                                 : std::numeric_limits<int64_t>::max()) {}

  absl::Status Run() {
    bool connected_once = false;
    int64_t lost_at = Now();
    while (true) {
      auto dialogue = Dialogue::Open(arguments_, Dialogue::State::kAuthenticated);
      absl::Status status = dialogue.status();
      if (dialogue.ok()) {
        connected_once = true;
        status = Follow(**dialogue);
        lost_at = Now();
      }
      const bool again = client::FailureOf(status) == client::Failure::kConnection &&
                         connected_once && Now() < end_ && Now() - lost_at < kPatienceMs;
      if (!again) return status;
      dialogue = status;  // lets go of the home
      std::this_thread::sleep_for(kRetryPause);
    }
  }

 private:
  bool Done() const { return left_ <= 0 || Now() >= end_; }

  // One connection, until all is printed, the time has come, or it is lost.
  absl::Status Follow(Dialogue& dialogue) {
    CHAT_RETURN_IF_ERROR(PrintInbox(dialogue));
    dialogue.ReleaseLock();
    while (!Done()) {
      const int64_t wait = std::min<int64_t>(end_ - Now(), 3'600'000);
      CHAT_ASSIGN_OR_RETURN(const auto received, dialogue.Next(std::max<int64_t>(wait, 0)));
      if (!received) continue;
      const bool renewal = received->greeting && received->As<v1::Io>() != nullptr;
      if (renewal || (received->greeting && !arguments_.all)) continue;
      // What is not printed must come again.
      CHAT_RETURN_IF_ERROR(dialogue.Fatal(Print(*received)));
    }
    return absl::OkStatus();
  }

  absl::Status PrintInbox(Dialogue& dialogue) {
    CHAT_ASSIGN_OR_RETURN(std::vector<client::Incoming> messages, dialogue.inbox().Read());
    const std::string topic = client::ReplyTopic(dialogue.identity().client_id);
    size_t printed = 0;
    for (; printed < messages.size() && left_ > 0; ++printed) {
      CHAT_RETURN_IF_ERROR(dialogue.Fatal(Print(Understand(messages[printed], topic))));
    }
    messages.erase(messages.begin(), messages.begin() + static_cast<std::ptrdiff_t>(printed));
    return dialogue.Fatal(dialogue.inbox().Replace(messages));
  }

  absl::Status Print(const Received& received) {
    --left_;
    return PrintLine(arguments_.json ? ToJsonLine(received) : ToPlainLine(received));
  }

  const Arguments& arguments_;
  int64_t left_;
  int64_t end_;
};

}  // namespace

absl::Status Listen(const Arguments& arguments) {
  if (arguments.count && *arguments.count <= 0) {
    return absl::InvalidArgumentError("--count: N is at least 1");
  }
  CHAT_ASSIGN_OR_RETURN(const Home home, Home::Open(arguments.home));
  CHAT_ASSIGN_OR_RETURN(const Lock listening, home.LockListening());
  return Listener(arguments).Run();
}

}  // namespace chat::cli
