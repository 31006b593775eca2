#include "services/gateway/n2o/n2o_connection.h"

#include <random>

#include "libs/base/status.h"
#include "libs/bert/decode.h"
#include "libs/base/utf8.h"
#include "libs/log/log.h"
#include "libs/metrics/metrics.h"
#include "libs/wire/route_table.h"
#include "libs/wire/translator.h"
#include "services/gateway/worker.h"

namespace chat::gateway {

namespace {

constexpr int64_t kLingerMs = 2000;
// A revoked token is refused within 10 s (PROTOCOL O11).
constexpr int64_t kTokenKnownMs = 5000;

void Count(const char* message) {
  metrics::Counter("chat_gateway_n2o_messages_total", "Messages on the N2O socket by what they are",
                   {{"message", message}})
      .Increment();
}

std::string Hex() {
  static thread_local std::mt19937_64 random{std::random_device{}()};
  char text[17];
  snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(random()));
  return text;
}

}  // namespace

template <typename Reply>
std::function<void(absl::Status, Reply)> N2oConnection::Later(
    std::function<void(N2oConnection&, const absl::Status&, const Reply&)> work) {
  return [weak = weak_from_this(), &worker = worker_, work = std::move(work)](
             const absl::Status& status, const Reply& reply) {
    worker.Post([weak, work, status, reply] {
      const std::shared_ptr<N2oConnection> self = weak.lock();
      if (self != nullptr && !self->closed_) work(*self, status, reply);
    });
  };
}

N2oConnection::N2oConnection(Worker& worker, std::shared_ptr<net::WebSocket> socket, Place place)
    : worker_(worker),
      parts_(worker.parts()),
      socket_(std::move(socket)),
      place_(std::move(place)),
      rate_(parts_.config.publish_rate),
      deadline_ms_(net::Loop::NowMs() + parts_.config.connect_timeout_ms) {}

void N2oConnection::Start() { socket_->Start(*this); }

void N2oConnection::OnTime(int64_t now_ms) {
  if (!closed_ && !busy_ && now_ms >= deadline_ms_) Close(net::CloseCode::kGoingAway);
}

void N2oConnection::Drain() {
  draining_ = true;
  if (!busy_) Close(net::CloseCode::kGoingAway);
}

void N2oConnection::OnPart(net::Opcode type, std::string_view bytes, bool last) {
  deadline_ms_ = net::Loop::NowMs() + parts_.config.n2o_idle_s * 1000;
  message_ += bytes;
  if (!last) return;
  waiting_.push_back({type, std::exchange(message_, std::string())});
  Next();
}

void N2oConnection::OnEnd() {
  closed_ = true;
  worker_.Forget(*this);
}

void N2oConnection::Close(net::CloseCode code) {
  if (std::exchange(closed_, true)) return;
  socket_->Close(code, kLingerMs);
  worker_.Forget(*this);
}

void N2oConnection::Next() {
  while (!closed_ && !busy_ && !waiting_.empty()) {
    const Message message = std::move(waiting_.front());
    waiting_.pop_front();
    Handle(message);
  }
  if (closed_) return;
  if (draining_ && !busy_) return Close(net::CloseCode::kGoingAway);
  if (waiting_.empty()) waiting_.shrink_to_fit();
  socket_->SetReading(!busy_);
}

void N2oConnection::Handle(const Message& message) {
  const int64_t now = net::Loop::NowMs();
  if (!rate_.Take(now) || place_.TakePublish(now) != 0) {
    Count("too_many");
    return Close(net::CloseCode::kPolicy);
  }
  if (socket_->unwritten() > static_cast<size_t>(parts_.config.write_limit)) {
    return Close(net::CloseCode::kPolicy);
  }
  message.type == net::Opcode::kText ? HandleText(message.bytes) : HandleTerm(message.bytes);
}

void N2oConnection::HandleText(const std::string& text) {
  if (!CountCharacters(text)) return Close(net::CloseCode::kInvalidPayload);
  constexpr std::string_view kInit = "N2O,";
  if (text == "PING") {
    Count("ping");
    socket_->Send(net::Opcode::kText, "PONG");
  } else if (text.empty()) {
    Count("ping");
    socket_->Send(net::Opcode::kText, "");
  } else if (text.starts_with(kInit)) {
    Init(text.substr(kInit.size()));
  } else {
    Count("ignored");
  }
}

void N2oConnection::HandleTerm(const std::string& payload) {
  const bert::DecodeResult decoded = bert::Decode(payload, parts_.term_limits);
  if (!decoded.ok()) return Count("ignored");
  auto record = wire::Read(decoded.term());
  if (!record.ok()) return Count("ignored");
  if (const auto* init = dynamic_cast<const v1::Init*>(record->message.get())) {
    return Init(init->token());
  }
  if (const auto* ftp = dynamic_cast<const v1::Ftp*>(record->message.get())) return Transfer(*ftp);
  Count("ignored");
}

void N2oConnection::Init(const std::string& token) {
  Count("init");
  Whose(token, [this, token](const v1::TokenReply& owner) {
    if (owner.account_id() != 0) {
      v1::Reply reply;
      v1::Io* io = reply.add_records()->mutable_io();
      io->set_text("");
      io->mutable_token()->set_token(token);
      return Answer(absl::OkStatus(), reply);
    }
    v1::Init init;
    if (!token.empty()) init.set_token(token);
    v1::Caller caller;
    caller.set_state(rules::ANONYMOUS);
    caller.set_client_id("n2o_" + Hex());
    Call(init, caller);
  });
}

void N2oConnection::Transfer(const v1::Ftp& ftp) {
  Count("ftp");
  Whose(ftp.sid(), [this, ftp](const v1::TokenReply& owner) {
    v1::Caller caller;
    caller.set_state(owner.account_id() != 0 ? rules::AUTHENTICATED : rules::ANONYMOUS);
    caller.set_account_id(owner.account_id());
    caller.set_phone(owner.phone());
    // Without an owner there is no token that its `sid` could equal: media answers with a refusal.
    if (owner.account_id() != 0) caller.set_token(ftp.sid());
    Call(ftp, caller);
  });
}

void N2oConnection::Whose(const std::string& token,
                          std::function<void(const v1::TokenReply&)> then) {
  const int64_t now = net::Loop::NowMs();
  if (token.empty()) return then({});
  if (token == known_token_ && now < known_until_ms_) return then(known_owner_);
  busy_ = true;
  v1::TokenRequest request;
  request.set_token(token);
  auto answered = Later<v1::TokenReply>(
      [token, now, then = std::move(then)](N2oConnection& self, const absl::Status& status,
                                           const v1::TokenReply& owner) {
        self.busy_ = false;
        if (!status.ok()) return self.Answer(status, {});
        if (owner.account_id() != 0) {
          self.place_.Authenticate();
          self.known_token_ = token;
          self.known_owner_ = owner;
          self.known_until_ms_ = now + kTokenKnownMs;
        }
        then(owner);
        self.Next();
      });
  parts_.backends->Ask<v1::TokenRequest, v1::TokenReply>(
      std::move(request), [&](auto... a) { parts_.backends->auth().async()->Whose(a...); },
      answered);
}

void N2oConnection::Call(const google::protobuf::Message& request, const v1::Caller& caller) {
  const wire::RecordType* type = wire::RecordTable::Get().ByDescriptor(request.GetDescriptor());
  const wire::Route* route =
      type == nullptr ? nullptr : wire::RouteTable::Get().Find(*type, request);
  if (route == nullptr) return Answer(absl::UnavailableError("no route"), {});
  busy_ = true;
  v1::Caller traced = caller;
  traced.set_address(socket_->peer());
  traced.set_trace(Hex());
  parts_.backends->Call(
      *route, request, traced, 0,
      Later<v1::Reply>([](N2oConnection& self, const absl::Status& status, const v1::Reply& reply) {
        self.busy_ = false;
        self.Answer(status, reply);
        self.Next();
      }));
}

void N2oConnection::Answer(const absl::Status& status, const v1::Reply& reply) {
  if (!status.ok()) {
    // As over MQTT (PROTOCOL O4): what could not be done now is repeated on another connection.
    log::Warn("n2o request failed", {{"peer", socket_->peer()}, {"error", chat::Message(status)}});
    Count("unavailable");
    return Close(net::CloseCode::kInternal);
  }
  for (const v1::Record& record : reply.records()) {
    std::string payload;
    wire::Write(record, &payload);
    socket_->Send(net::Opcode::kBinary, payload);
  }
}

}  // namespace chat::gateway
