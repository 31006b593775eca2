#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <google/protobuf/message.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "chat/v1/records.pb.h"
#include "libs/client/device.h"
#include "services/cli/arguments.h"
#include "services/cli/home.h"
#include "services/cli/inbox.h"
#include "services/cli/received.h"

namespace chat::cli {

// A device on line for the length of one command: connects, asks, keeps what is listen's in the
// inbox, stores a renewed token. Says goodbye when it is destroyed. Errors as client::Failure, and
// kInternal for the home; after kInternal nothing more is acknowledged to the server.
class Dialogue {
 public:
  enum class State { kRegistering, kAuthenticated };

  // Opens the home, takes its connection lock and connects. A device without a token is refused
  // with `not_authorized` before it connects.
  static absl::StatusOr<std::unique_ptr<Dialogue>> Open(const Arguments& arguments, State state);
  ~Dialogue();
  Dialogue(const Dialogue&) = delete;
  Dialogue& operator=(const Dialogue&) = delete;

  // Sends a request and waits for the first message that is its answer. `{io,{error,Code},_}` on
  // the client topic is kRefused with the code. Everything else goes to the inbox.
  absl::StatusOr<Received> Ask(const google::protobuf::Message& request,
                               const std::function<bool(const Received&)>& is_answer);

  // The Profile of this connect (PROTOCOL 1.6), waited for if it is not there yet.
  absl::StatusOr<const Received*> Profile();
  // The own rosters with their contacts, the oldest first.
  absl::StatusOr<std::vector<v1::Roster>> Rosters();

  // The next message of any kind, greetings included; nothing when the time has come. Acknowledges
  // the one before.
  absl::StatusOr<std::optional<Received>> Next(int64_t timeout_ms);

  // Lets other commands of this home connect while this one is still on line.
  void ReleaseLock() { lock_ = Lock(); }

  const Home& home() const { return home_; }
  Identity& identity() { return identity_; }
  Inbox inbox() const { return Inbox(home_.inbox_path()); }
  absl::Status StoreIdentity() { return Fatal(home_.Store(identity_)); }
  // Notes an error after which nothing may be acknowledged; answers it.
  absl::Status Fatal(absl::Status status);

 private:
  Dialogue(Home home, Identity identity, Lock lock, State state, int64_t timeout_ms);

  absl::Status Connect(const client::Address& gateway);
  // Next, but greetings are taken in silently.
  absl::StatusOr<std::optional<Received>> NextEvent(int64_t deadline);
  absl::Status TakeGreeting(const Received& received);
  absl::Status Keep(const Received& received);

  Home home_;
  Identity identity_;
  Lock lock_;
  State state_;
  int64_t timeout_ms_;
  std::string reply_topic_;
  std::unique_ptr<client::Device> device_;
  std::optional<Received> profile_;
  bool failed_ = false;
};

}  // namespace chat::cli
