#include "services/cli/dialogue.h"

#include <algorithm>
#include <utility>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/client/failure.h"
#include "libs/client/request.h"

namespace chat::cli {

namespace {

constexpr int64_t kGoodbyeMs = 1000;

int64_t Now() { return Clock::System().MonotonicMs(); }

// The code of a refusal. One with DUP answers a request of an earlier connection.
std::optional<std::string> RefusalIn(const Received& received) {
  const v1::Io* io = received.Answer();
  if (io == nullptr || !io->has_error() || received.incoming.dup) return std::nullopt;
  return io->error().code();
}

}  // namespace

Dialogue::Dialogue(Home home, Identity identity, Lock lock, State state, int64_t timeout_ms)
    : home_(std::move(home)),
      identity_(std::move(identity)),
      lock_(std::move(lock)),
      state_(state),
      timeout_ms_(timeout_ms) {}

Dialogue::~Dialogue() {
  if (device_ && !failed_) device_->Disconnect(kGoodbyeMs);
}

absl::StatusOr<std::unique_ptr<Dialogue>> Dialogue::Open(const Arguments& arguments, State state) {
  CHAT_ASSIGN_OR_RETURN(Home home, Home::Open(arguments.home));
  CHAT_ASSIGN_OR_RETURN(Lock lock, home.LockConnection(arguments.timeout_ms));
  CHAT_ASSIGN_OR_RETURN(Identity identity, home.Load());
  if (state == State::kAuthenticated && identity.token.empty()) {
    return client::Refused("not_authorized\nno token in " + home.path() +
                           ": chat register, then chat verify");
  }
  std::unique_ptr<Dialogue> dialogue(new Dialogue(std::move(home), std::move(identity),
                                                  std::move(lock), state, arguments.timeout_ms));
  CHAT_RETURN_IF_ERROR(dialogue->Connect(arguments.gateway));
  return dialogue;
}

absl::Status Dialogue::Connect(const client::Address& gateway) {
  client::ConnectOptions options;
  if (state_ == State::kRegistering) {
    options.client_id = "reg_" + identity_.device;
  } else {
    options.client_id = identity_.client_id;
    options.password = identity_.token;
    options.clean_session = false;
  }
  reply_topic_ = client::ReplyTopic(options.client_id);
  CHAT_ASSIGN_OR_RETURN(device_, client::Device::Connect(gateway, options, timeout_ms_));
  return absl::OkStatus();
}

absl::StatusOr<Received> Dialogue::Ask(const google::protobuf::Message& request,
                                       const std::function<bool(const Received&)>& is_answer) {
  const absl::Status published = device_->Request(request, timeout_ms_);
  // Without an acknowledgement there may still be the answer that says why (O4): it has come then.
  const int64_t deadline = published.ok() ? Now() + timeout_ms_ : Now();
  while (true) {
    CHAT_ASSIGN_OR_RETURN(std::optional<Received> received, NextEvent(deadline));
    if (!received) return published.ok() ? client::TimedOut("no answer in time") : published;
    if (const auto code = RefusalIn(*received)) return client::Refused(*code);
    if (is_answer(*received)) return *std::move(received);
    CHAT_RETURN_IF_ERROR(Keep(*received));
  }
}

absl::StatusOr<const Received*> Dialogue::Profile() {
  const int64_t deadline = Now() + timeout_ms_;
  while (!profile_) {
    CHAT_ASSIGN_OR_RETURN(const std::optional<Received> received,
                          Next(std::max<int64_t>(0, deadline - Now())));
    if (!received) return client::TimedOut("no Profile in time");
    if (!received->greeting) CHAT_RETURN_IF_ERROR(Keep(*received));
  }
  return &*profile_;
}

absl::StatusOr<std::vector<v1::Roster>> Dialogue::Rosters() {
  CHAT_ASSIGN_OR_RETURN(const Received* received, Profile());
  // A copy, since the server may send another Profile while it is asked.
  const v1::Profile profile = *received->As<v1::Profile>();
  std::vector<v1::Roster> rosters;
  for (const v1::RosterOrId& entry : profile.rosters()) {
    if (entry.has_roster()) {
      rosters.push_back(entry.roster());
      continue;
    }
    // A Profile beyond the packet limit has ids only (PROTOCOL 1.6).
    v1::Roster request;
    request.set_id(entry.id());
    request.set_status(v1::Roster::GET);
    const auto is_answer = [&](const Received& answer) {
      const auto* roster = answer.reply ? answer.As<v1::Roster>() : nullptr;
      return roster != nullptr && roster->id() == entry.id();
    };
    CHAT_ASSIGN_OR_RETURN(const Received answer, Ask(request, is_answer));
    rosters.push_back(*answer.As<v1::Roster>());
  }
  std::sort(rosters.begin(), rosters.end(),
            [](const v1::Roster& a, const v1::Roster& b) { return a.id() < b.id(); });
  return rosters;
}

absl::StatusOr<std::optional<Received>> Dialogue::Next(int64_t timeout_ms) {
  CHAT_ASSIGN_OR_RETURN(std::optional<client::Incoming> incoming, device_->Receive(timeout_ms));
  if (!incoming) return std::optional<Received>();
  Received received = Understand(*std::move(incoming), reply_topic_);
  if (state_ == State::kRegistering) received.greeting = received.As<v1::VnodeMax>() != nullptr;
  if (received.greeting) CHAT_RETURN_IF_ERROR(TakeGreeting(received));
  return std::optional<Received>(std::move(received));
}

absl::StatusOr<std::optional<Received>> Dialogue::NextEvent(int64_t deadline) {
  while (true) {
    CHAT_ASSIGN_OR_RETURN(std::optional<Received> received,
                          Next(std::max<int64_t>(0, deadline - Now())));
    if (!received || !received->greeting) return received;
  }
}

absl::Status Dialogue::TakeGreeting(const Received& received) {
  if (const auto* io = received.As<v1::Io>()) {
    // The token was renewed (PROTOCOL 5.1.5).
    if (io->ok2().src_case() != v1::Ok2::kPair) return absl::OkStatus();
    identity_.client_id = io->ok2().pair().first();
    identity_.token = io->ok2().pair().second();
    return StoreIdentity();
  }
  const auto* profile = received.As<v1::Profile>();
  if (profile == nullptr) return absl::OkStatus();
  profile_ = Understand(received.incoming, reply_topic_);
  std::vector<int64_t> ids;
  for (const v1::RosterOrId& entry : profile->rosters()) {
    ids.push_back(entry.has_roster() ? entry.roster().id() : entry.id());
  }
  std::sort(ids.begin(), ids.end());
  std::vector<std::string> phone_ids;
  for (const int64_t id : ids) phone_ids.push_back(profile->phone() + "_" + std::to_string(id));
  if (phone_ids == identity_.phone_ids && profile->phone() == identity_.phone) {
    return absl::OkStatus();
  }
  identity_.phone = profile->phone();
  identity_.phone_ids = std::move(phone_ids);
  return StoreIdentity();
}

absl::Status Dialogue::Keep(const Received& received) {
  // QoS 0 is transient: presence, typing.
  if (received.incoming.qos == mqtt::Qos::kAtMostOnce || state_ == State::kRegistering) {
    return absl::OkStatus();
  }
  return Fatal(inbox().Append(received.incoming));
}

absl::Status Dialogue::Fatal(absl::Status status) {
  if (!status.ok()) failed_ = true;
  return status;
}

}  // namespace chat::cli
