#include "services/gateway/session/admission.h"

#include <algorithm>
#include <random>

#include "libs/base/status.h"
#include "libs/log/log.h"
#include "libs/metrics/metrics.h"
#include "libs/net/loop.h"
#include "services/gateway/gateway_parts.h"
#include "services/gateway/router/topics.h"
#include "services/gateway/session/hand_over.h"
#include "services/gateway/session/will.h"
#include "services/gateway/worker.h"

namespace chat::gateway {

namespace {

// What waits for the older gateway's hand-over and for Redis at most; both only make it better.
constexpr auto kTakeOverTimeout = std::chrono::milliseconds(1000);
constexpr int64_t kJoinTimeoutMs = 1000;

void Count(const char* result) {
  metrics::Counter("chat_gateway_connects_total", "CONNECT packets by result", {{"result", result}})
      .Increment();
}

std::string InventedId(const char* prefix) {
  static thread_local std::mt19937_64 random{std::random_device{}()};
  return prefix + std::to_string(random() >> 1);
}

// One cursor out of the row's and the newer one that the older connection handed over.
CursorTracker Merge(const v1::Cursors& row, const v1::Cursors& handed) {
  const v1::Cursors& best = handed.position() >= row.position() ? handed : row;
  std::vector<int64_t> above(row.above().begin(), row.above().end());
  above.insert(above.end(), handed.above().begin(), handed.above().end());
  std::sort(above.begin(), above.end());
  above.erase(std::unique(above.begin(), above.end()), above.end());
  return CursorTracker(best.position(), above);
}

// The end of a session whose connection went before it was admitted: as it was found.
v1::CloseSessionRequest Unused(v1::OpenSessionReply opened) {
  v1::CloseSessionRequest request;
  request.set_session_id(opened.session_id());
  request.set_epoch(opened.epoch());
  *request.mutable_cursor() = std::move(*opened.mutable_cursor());
  *request.mutable_state() = std::move(*opened.mutable_state());
  return request;
}

}  // namespace

template <typename Work>
auto Admission::Later(Work work) {
  return [&worker = client_.worker(), id = client_.id(), work = std::move(work)](auto... values) {
    worker.ToClient(id, [work, ... values = std::move(values)](Client& client) mutable {
      if (!client.closed() && client.admission() != nullptr) {
        work(*client.admission(), std::move(values)...);
      }
    });
  };
}

Admission::Admission(Client& client, const mqtt::Connect& connect)
    : client_(client),
      password_(connect.password.value_or("")),
      has_password_(connect.password.has_value()),
      connected_at_ms_(net::Loop::NowMs()) {
  admitted_.caller.set_client_id(std::string(connect.client_id));
  admitted_.caller.set_address(client.peer());
  admitted_.module = ModuleOf(connect.username);
  admitted_.clean = connect.clean_session;
  const int64_t asked = mqtt::SessionExpiryOf(connect);
  admitted_.expiry_s = std::min(asked, client_.worker().parts().config.session_expiry_max_s);
  admitted_.expiry_told = admitted_.expiry_s != asked;
  if (connect.will && !connect.will->topic.starts_with("version/")) {
    will_ = ToStored(*connect.will);
  }
  // PROTOCOL 1.2: so clients announce their revision.
  if (connect.will && connect.will->topic.starts_with("version/")) {
    admitted_.revision = connect.will->topic.substr(8, 32);
  }
}

void Admission::Begin() {
  const std::string& id = admitted_.caller.client_id();
  if (id.empty()) {
    admitted_.assigned = true;
    // Who wants a general broker is given one: nothing comes unasked (O19), nor when the client
    // comes back under the id that it was told [MQTT5-3.1.3-7].
    const bool open = OpenToAll();
    admitted_.caller.set_client_id(InventedId(open ? "open_" : "emqttd_"));
    return open ? AdmitOpen() : AdmitNamed(rules::ANONYMOUS);
  }
  if (!IsValidClientId(id)) {
    Count("bad_client_id");
    return client_.Refuse(mqtt::Reason::kClientIdentifierNotValid);
  }
  const bool chat = id.starts_with("reg_") || id.starts_with("emqttd_") || id.starts_with("sys_");
  if (!chat && OpenToAll()) return AdmitOpen();
  v1::ConnectRequest request;
  request.set_client_id(id);
  request.set_password(password_);
  request.set_has_password(has_password_);
  request.set_address(client_.peer());
  Backends& backends = *client_.worker().parts().backends;
  backends.Ask<v1::ConnectRequest, v1::ConnectReply>(
      std::move(request), [&](auto... a) { backends.auth().async()->Connect(a...); },
      Later([](Admission& self, absl::Status status, v1::ConnectReply reply) {
        self.OnVerdict(status, reply);
      }));
}

void Admission::OnVerdict(const absl::Status& status, const v1::ConnectReply& reply) {
  if (!status.ok()) return Fail("auth", status);
  switch (reply.verdict()) {
    case v1::ConnectReply::REGISTERING:
      return client_.worker().parts().names->AskElsewhere(
          admitted_.caller.client_id(), Later([](Admission& self, bool elsewhere) {
            elsewhere ? self.RefusePending() : self.AdmitNamed(rules::REGISTERING);
          }));
    case v1::ConnectReply::ANONYMOUS:
      return AdmitNamed(rules::ANONYMOUS);
    case v1::ConnectReply::AUTHENTICATED:
      break;
    default:
      Count("refused");
      log::Info("connect refused", {{"client", admitted_.caller.client_id()},
                                    {"peer", client_.peer()},
                                    {"code", reply.code()}});
      return client_.Refuse(
          mqtt::ReasonOf(static_cast<mqtt::ConnectCode>(std::clamp(reply.code(), 1u, 5u))));
  }
  admitted_.caller.set_state(rules::AUTHENTICATED);
  admitted_.caller.set_account_id(reply.account_id());
  admitted_.caller.set_phone(reply.phone());
  admitted_.auth_id = reply.auth_id();
  admitted_.new_token = reply.new_token();
  admitted_.token = reply.new_token().empty() ? password_ : reply.new_token();
  OpenSession();
}

// Registering and anonymous connections are always clean and have nothing stored (O8).
void Admission::AdmitNamed(rules::State state) {
  admitted_.caller.set_state(state);
  admitted_.clean = true;
  admitted_.expiry_told = admitted_.expiry_s != 0;
  admitted_.expiry_s = 0;
  GatewayParts& parts = client_.worker().parts();
  const std::string& id = admitted_.caller.client_id();
  const SessionRegistry::Entered entered = parts.registry.EnterName(id, client_.ref());
  if (entered.refused) return RefusePending();
  if (const auto& older = entered.older) {
    parts.workers[older->worker]->ToClient(
        older->client, [](Client& other) { other.End(mqtt::Reason::kSessionTakenOver); });
  }
  parts.publisher->Publish({Fanout::NameTaken(id, entered.ticket)});
  Count(state == rules::REGISTERING ? "registering" : "anonymous");
  client_.Admit(std::move(admitted_));
}

void Admission::RefusePending() {
  Count("pending_code");
  client_.Refuse(mqtt::Reason::kNotAuthorized);
}

bool Admission::OpenToAll() const {
  const GatewayParts& parts = client_.worker().parts();
  return parts.config.allow_anonymous && parts.open.any();
}

void Admission::AdmitOpen() {
  admitted_.caller.set_state(rules::ANONYMOUS);
  admitted_.open_only = true;
  OpenSession();
}

void Admission::OpenSession() {
  GatewayParts& parts = client_.worker().parts();
  v1::OpenSessionRequest request;
  request.set_account_id(admitted_.caller.account_id());
  request.set_client_id(admitted_.caller.client_id());
  request.set_clean(admitted_.clean);
  request.set_expiry_s(admitted_.expiry_s);
  request.set_gateway(parts.address);
  request.set_auth_id(admitted_.auth_id);
  if (will_) {
    *request.mutable_will() = *will_;
    *request.mutable_will()->mutable_caller() = admitted_.caller;
  }
  parts.backends->Ask<v1::OpenSessionRequest, v1::OpenSessionReply>(
      std::move(request), [&](auto... a) { parts.backends->delivery().async()->OpenSession(a...); },
      [&worker = client_.worker(), id = client_.id()](absl::Status status,
                                                      v1::OpenSessionReply reply) {
        worker.FindClient(id, [&worker, status, reply = std::move(reply)](Client* client) mutable {
          if (client != nullptr && !client->closed()) {
            return client->admission()->OnSession(status, reply);
          }
          if (status.ok()) worker.parts().ends->Close(Unused(std::move(reply)));
        });
      });
}

void Admission::OnSession(const absl::Status& status, const v1::OpenSessionReply& reply) {
  if (!status.ok()) return Fail("messaging", status);
  admitted_.caller.set_session_id(reply.session_id());
  admitted_.caller.set_epoch(reply.epoch());
  admitted_.present = reply.present();
  admitted_.sent_until_ms = reply.sent_until_ms();
  admitted_.state = reply.state();
  for (const v1::Event& receipt : reply.receipts())
    admitted_.receipts.push_back(MakeReady(receipt));
  cursor_ = Merge(reply.cursor(), v1::Cursors());
  if (reply.has_older_will()) older_will_ = reply.older_will();
  fresh_ = reply.fresh();
  client_.SetSession(admitted_.caller.account_id(), reply.session_id(), reply.epoch());
  GatewayParts& parts = client_.worker().parts();
  const bool remote =
      !reply.previous_gateway().empty() && reply.previous_gateway() != parts.address;
  // Of several older ones the last has all that the session leaves; the others only end.
  auto done = Later([remote](Admission& self, v1::TakeOverReply left) {
    if (!remote) self.OnTakenOver(left);
  });
  TakeOverHere(parts, reply.session_id(), reply.epoch(), std::move(done));
  if (!parts.registry.Enter(reply.session_id(), client_.ref())) {
    Count("overtaken");
    return client_.End(mqtt::Reason::kSessionTakenOver);
  }
  if (remote) TakeOver(reply);
}

void Admission::TakeOver(const v1::OpenSessionReply& reply) {
  v1::TakeOverRequest request;
  request.set_session_id(reply.session_id());
  request.set_epoch(reply.epoch());
  Backends& backends = *client_.worker().parts().backends;
  auto stub = backends.gateway(reply.previous_gateway());
  auto done = Later([](Admission& self, v1::TakeOverReply handed) { self.OnTakenOver(handed); });
  backends.Ask<v1::TakeOverRequest, v1::TakeOverReply>(
      std::move(request), [&](auto... a) { stub->async()->TakeOver(a...); }, kTakeOverTimeout,
      [stub, done](absl::Status status, v1::TakeOverReply handed) {
        // Without an answer the older gateway is gone, or finds its epoch stale at its next flush.
        done(status.ok() ? std::move(handed) : v1::TakeOverReply());
      });
}

void Admission::OnTakenOver(const v1::TakeOverReply& reply) {
  const v1::CloseSessionRequest& left = reply.left();
  if (left.remove() && admitted_.present) {
    admitted_.present = false;
    admitted_.state.Clear();
    admitted_.receipts.clear();
    cursor_ = Merge(fresh_, v1::Cursors());
    cursor_.soil();
  } else if (reply.has_left() && admitted_.present) {
    v1::Cursors row;
    row.set_position(cursor_.position());
    for (int64_t position : cursor_.above()) row.add_above(position);
    cursor_ = Merge(row, left.cursor());
    admitted_.state = left.state();
    admitted_.sent_until_ms = 0;
  }
  JudgeOlderWill(reply);
  if (reply.has_left()) Count("takeover");
  Join();
}

void Admission::JudgeOlderWill(const v1::TakeOverReply& reply) {
  if (!older_will_) return;
  // The session that goes on in time drops the will, the one that ends publishes it.
  bool due = !admitted_.present;
  if (reply.ended()) {
    due = due && reply.left().has_will_in_s();
  } else {
    due = due || older_will_->delay_s() == 0;
  }
  if (due) PublishStoredWill(client_.worker().parts(), *older_will_);
}

void Admission::AskOpenMessages(int64_t above) {
  v1::OpenReadRequest request;
  for (const v1::SessionState::Outbound& outbound : admitted_.state.outbound()) {
    if (outbound.open() && !outbound.released() && outbound.position() > above) {
      request.add_positions(outbound.position());
    }
  }
  has_open_ = request.positions().empty();
  if (has_open_) return;
  Backends& backends = *client_.worker().parts().backends;
  backends.Ask<v1::OpenReadRequest, v1::OpenReadReply>(
      std::move(request), [&](auto... a) { backends.open().async()->Read(a...); },
      Later([](Admission& self, absl::Status status, v1::OpenReadReply reply) {
        if (!status.ok()) return self.Fail("messaging", status);
        for (const v1::OpenMessage& message : reply.messages()) {
          if (SharedOpenEvent event = MakeOpenEvent(message, self.client_.worker().parts().open)) {
            self.admitted_.open_messages.push_back(std::move(event));
          }
        }
        if (reply.more()) return self.AskOpenMessages(reply.messages().rbegin()->position());
        self.has_open_ = true;
        self.FinishIfReady();
      }));
}

void Admission::Join() {
  AskOpenMessages(0);
  if (admitted_.open_only) {
    loading_ = true;
    has_page_ = true;
    return FinishIfReady();
  }
  joining_ = joined_ = true;
  client_.flow().Start(std::move(cursor_));
  client_.worker().JoinAccount(client_, [](Client& client) {
    Admission* self = client.admission();
    if (self != nullptr && self->joining_) return self->Load();
    client.flow().Resync();  // confirmed late: what came before it is read now
  });
  if (!client_.worker().redis_up()) return Load();
  // The timer of the connection's own deadlines is too coarse a tool for this one wait.
  auto timer = std::make_shared<boost::asio::steady_timer>(
      client_.worker().context(), std::chrono::milliseconds(kJoinTimeoutMs));
  timer->async_wait(
      [timer, &worker = client_.worker(), id = client_.id()](const boost::system::error_code&) {
        worker.ToClient(id, [](Client& client) {
          Admission* self = client.admission();
          if (self != nullptr && self->joining_) self->Load();
        });
      });
}

void Admission::Load() {
  joining_ = false;
  loading_ = true;
  client_.flow().Resync();
  v1::OpenProfileRequest request;
  request.set_account_id(admitted_.caller.account_id());
  Backends& backends = *client_.worker().parts().backends;
  backends.Ask<v1::OpenProfileRequest, v1::AccountReply>(
      std::move(request), [&](auto... a) { backends.profile().async()->Open(a...); },
      Later([](Admission& self, absl::Status status, v1::AccountReply reply) {
        self.OnProfile(status, std::move(reply));
      }));
}

void Admission::OnProfile(const absl::Status& status, v1::AccountReply reply) {
  if (!status.ok()) return Fail("profile", status);
  admitted_.caller.set_phone(reply.phone());
  *admitted_.caller.mutable_rosters() = reply.rosters();
  admitted_.profile = std::move(*reply.mutable_profile());
  FinishIfReady();
}

void Admission::GiveBack(v1::CloseSessionRequest* request) {
  SaveCursor(joined_ ? client_.flow().cursor() : cursor_, request->mutable_cursor());
  *request->mutable_state() = std::move(admitted_.state);
}

void Admission::OnPage(EventPage page) {
  admitted_.page = std::move(page);
  has_page_ = true;
  FinishIfReady();
}

void Admission::OnPageFailed() { Fail("messaging", absl::UnavailableError("no replay")); }

void Admission::FinishIfReady() {
  if (!loading_ || !has_page_ || !has_open_) return;
  if (!admitted_.profile && !admitted_.open_only) return;
  loading_ = false;
  static prometheus::Histogram& seconds = metrics::Histogram(
      "chat_gateway_admission_seconds", "From CONNECT of an authenticated client to its CONNACK",
      metrics::TimeBuckets());
  seconds.Observe((net::Loop::NowMs() - connected_at_ms_) / 1000.0);
  Count(admitted_.present ? "resumed" : admitted_.open_only ? "open" : "authenticated");
  client_.Admit(std::move(admitted_));
}

void Admission::Fail(const char* what, const absl::Status& status) {
  Count("unavailable");
  log::Warn(
      "connect failed",
      {{"client", admitted_.caller.client_id()}, {"service", what}, {"error", Message(status)}});
  client_.Refuse(mqtt::Reason::kServerUnavailable);
}

}  // namespace chat::gateway
