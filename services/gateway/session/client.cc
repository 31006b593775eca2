#include "services/gateway/session/client.h"

#include <openssl/sha.h>

#include <algorithm>
#include <random>

#include "chat/v1/records.pb.h"
#include "libs/base/status.h"
#include "libs/log/log.h"
#include "libs/metrics/metrics.h"
#include "libs/net/loop.h"
#include "libs/wire/translator.h"
#include "services/gateway/gateway_parts.h"
#include "services/gateway/router/topics.h"
#include "services/gateway/session/admission.h"
#include "services/gateway/worker.h"

namespace chat::gateway {

namespace {

constexpr int64_t kLingerMs = 2000;
// Requests of one connection that wait or run; above it reading pauses, also for QoS 0.
constexpr size_t kMaxRequests = 64;
constexpr int32_t kPageEvents = 200;
// Room for the fixed header and the topic of a PUBLISH.
constexpr size_t kHeadBytes = 2048;
// Messages whose acknowledgement concerns no event.
constexpr mqtt::Token kReplyToken = 0;

std::string NewTrace() {
  static thread_local std::mt19937_64 random{std::random_device{}()};
  char text[17];
  snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(random()));
  return text;
}

v1::Io ErrorReply(v1::ErrorCode code) {
  v1::Io io;
  io.mutable_error()->set_code(wire::AtomOf(code));
  return io;
}

void CountRequest(const std::string& route, const char* outcome) {
  metrics::Counter("chat_gateway_requests_total", "Requests by RPC and outcome",
                   {{"rpc", route}, {"outcome", outcome}})
      .Increment();
}

// PROTOCOL O22: what does not fit the packet limit loses its lists; a Profile keeps its roster ids.
void Shrink(google::protobuf::Message* record) {
  if (auto* profile = dynamic_cast<v1::Profile*>(record)) {
    for (v1::RosterOrId& roster : *profile->mutable_rosters()) {
      if (roster.has_roster()) roster.set_id(roster.roster().id());
    }
    return;
  }
  const google::protobuf::Reflection& of = *record->GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  of.ListFields(*record, &fields);
  for (const auto* field : fields) {
    if (field->is_repeated()) {
      of.ClearField(record, field);
    } else if (field->message_type() != nullptr) {
      Shrink(of.MutableMessage(record, field));
    }
  }
}

}  // namespace

Client::Client(Worker& worker, uint64_t id, std::shared_ptr<net::Stream> stream)
    : worker_(worker),
      parts_(worker.parts()),
      id_(id),
      stream_(std::move(stream)),
      connection_(parts_.connection_limits, *this, net::Loop::NowMs()),
      flow_(*this),
      publishes_(parts_.config.publish_rate) {
  stream_->Start(*this);
}

Client::~Client() = default;

ConnectionRef Client::ref() const { return {worker_.index(), id_, epoch_}; }

std::string Client::OwnTopic() const { return "actions/1/" + module_ + "/" + caller_.client_id(); }

// ---- bytes ----------------------------------------------------------------------------------

void Client::OnData(std::string_view bytes) {
  connection_.OnBytes(bytes, net::Loop::NowMs());
  UpdateReading();
}

void Client::OnEnd() { connection_.OnNetworkLost(); }

void Client::OnSend(std::string_view bytes) {
  stream_->Write(bytes);
  if (stream_->unwritten() <= static_cast<size_t>(parts_.config.write_limit)) return;
  static prometheus::Counter& slow = metrics::Counter(
      "chat_gateway_slow_readers_total", "Connections closed because they left too much unread");
  slow.Increment();
  worker_.ToClient(id_, [](Client& self) { self.End(mqtt::Reason::kQuotaExceeded); });
}

void Client::UpdateReading() {
  if (closed_) return;
  const bool busy = requests_ != nullptr && requests_->size() >= kMaxRequests;
  connection_.Throttle(busy || resume_at_ != 0);
  stream_->SetReading(connection_.wants_read());
}

void Client::OnTime() {
  const int64_t now = net::Loop::NowMs();
  if (resume_at_ != 0 && now >= resume_at_) {
    resume_at_ = 0;
    UpdateReading();
  }
  if (end_at_ != 0 && now >= end_at_) return FinishEnding();
  connection_.OnTime(now);
}

std::optional<int64_t> Client::NextDeadline() const {
  if (closed_) return std::nullopt;
  std::optional<int64_t> next = connection_.NextDeadline();
  for (int64_t own : {resume_at_, end_at_}) {
    if (own != 0) next = next ? std::min(*next, own) : own;
  }
  return next;
}

// ---- CONNECT --------------------------------------------------------------------------------

void Client::OnConnect(const mqtt::Connect& connect) {
  if (!worker_.TakeConnect(net::Loop::NowMs())) {
    metrics::Counter("chat_gateway_connects_total", "CONNECT packets by result",
                     {{"result", "too_many"}})
        .Increment();
    return connection_.Refuse(mqtt::ConnectCode::kServerUnavailable);
  }
  admission_ = std::make_unique<Admission>(*this, connect);
  admission_->Begin();
}

void Client::SetSession(int64_t account, int64_t session, int64_t epoch) {
  account_ = account;
  session_id_ = session;
  epoch_ = epoch;
}

void Client::Refuse(mqtt::ConnectCode code) {
  const std::unique_ptr<Admission> over = std::move(admission_);
  connection_.Refuse(code);
}

void Client::Admit(Admitted admitted) {
  const std::unique_ptr<Admission> over = std::move(admission_);
  if (closed_ || connection_.state() != mqtt::Connection::State::kConnecting) return;
  caller_ = std::move(admitted.caller);
  token_ = std::move(admitted.token);
  module_ = std::move(admitted.module);
  auth_id_ = admitted.auth_id;
  clean_ = admitted.clean;
  // Far from where a lost session of an earlier epoch may have stood: see mqtt::Session.
  session_ = std::make_unique<mqtt::Session>(
      parts_.session_limits, mqtt::PacketId{static_cast<uint16_t>(1 + (epoch_ * 4099) % 65000)});
  if (admitted.present) Restore(admitted.state, admitted.page);
  connection_.Accept(*session_, admitted.present, net::Loop::NowMs());
  v1::VnodeMax vnode_max;
  vnode_max.set_node(parts_.config.vnode_max);
  SendFirst(OwnTopic(), vnode_max);
  if (!admitted.new_token.empty()) {
    v1::Io renewed;
    renewed.mutable_ok2()->set_atom("login");
    renewed.mutable_ok2()->mutable_pair()->set_first(caller_.client_id());
    renewed.mutable_ok2()->mutable_pair()->set_second(admitted.new_token);
    SendFirst(OwnTopic(), renewed);
  }
  if (admitted.profile) SendFirst(OwnTopic(), *admitted.profile);
  session_->Resume();
  if (account_ != 0) {
    parts_.leases->Add(account_);
    flow_.OnPage(admitted.page, admitted.more);
  }
  connection_.Proceed();
  worker_.Arm(*this);
  UpdateReading();
}

void Client::Restore(const v1::SessionState& state, const std::vector<ReadyEvent>& page) {
  for (const auto& [topic, qos] : state.qos()) {
    if (qos_ == nullptr) qos_ = std::make_unique<std::map<std::string, mqtt::Qos, std::less<>>>();
    (*qos_)[topic] = static_cast<mqtt::Qos>(std::min<uint32_t>(qos, 2));
  }
  mqtt::SessionSnapshot snapshot;
  for (const v1::SessionState::Outbound& saved : state.outbound()) {
    mqtt::SessionSnapshot::Outbound outbound;
    outbound.id = mqtt::PacketId{static_cast<uint16_t>(saved.packet_id())};
    outbound.token = static_cast<mqtt::Token>(saved.position());
    outbound.qos = static_cast<mqtt::Qos>(std::min<uint32_t>(saved.qos(), 2));
    outbound.released = saved.released();
    if (!outbound.released) {
      for (const ReadyEvent& event : page) {
        if (event.position == saved.position()) outbound.message = event.message;
      }
      if (outbound.message == nullptr) continue;
    }
    if (saved.position() != 0) flow_.cursor().Pass(saved.position());
    snapshot.outbound.push_back(std::move(outbound));
  }
  for (uint32_t id : state.inbound()) {
    snapshot.inbound.push_back(mqtt::PacketId{static_cast<uint16_t>(id)});
  }
  if (state.next_packet_id() != 0) {
    snapshot.next_id = mqtt::PacketId{static_cast<uint16_t>(state.next_packet_id())};
  } else if (snapshot.outbound.empty() && snapshot.inbound.empty()) {
    return;
  }
  session_->Restore(snapshot);
}

v1::SessionState Client::HandOver() const {
  v1::SessionState state;
  if (qos_ != nullptr) {
    for (const auto& [topic, qos] : *qos_)
      (*state.mutable_qos())[topic] = static_cast<uint32_t>(qos);
  }
  if (session_ == nullptr) return state;
  const mqtt::SessionSnapshot snapshot = session_->Snapshot();
  for (const mqtt::SessionSnapshot::Outbound& outbound : snapshot.outbound) {
    v1::SessionState::Outbound* saved = state.add_outbound();
    saved->set_packet_id(static_cast<uint32_t>(outbound.id));
    saved->set_position(static_cast<int64_t>(outbound.token));
    saved->set_qos(static_cast<uint32_t>(outbound.qos));
    saved->set_released(outbound.released);
  }
  for (mqtt::PacketId id : snapshot.inbound) state.add_inbound(static_cast<uint32_t>(id));
  state.set_next_packet_id(static_cast<uint32_t>(snapshot.next_id));
  return state;
}

// ---- requests -------------------------------------------------------------------------------

Client::Queue& Client::requests() {
  if (requests_ == nullptr) {
    requests_ = std::make_unique<Queue>(
        [this](Request& request, Outcome& outcome) { Answer(request, outcome); },
        [this](Queue::Ticket ticket, Request& request) { Execute(ticket, request); });
  }
  return *requests_;
}

void Client::Drop(const mqtt::Publish& publish, mqtt::InboundHandle handle, const char* reason) {
  metrics::Counter("chat_gateway_dropped_publishes_total",
                   "PUBLISH packets acknowledged and not acted upon (PROTOCOL 1.2)",
                   {{"reason", reason}})
      .Increment();
  log::Info("publish dropped",
            {{"client", caller_.client_id()}, {"topic", publish.topic}, {"reason", reason}});
  session_->AckInbound(handle);
}

void Client::OnPublish(const mqtt::Publish& publish, mqtt::InboundHandle handle) {
  // Neither executed nor acknowledged: the client repeats it on its next connection.
  if (withheld_ != mqtt::kNoHandle) return;
  const int64_t now = net::Loop::NowMs();
  if (!publishes_.Take(now)) {
    // This one is taken all the same; reading pauses until the rate allows the next.
    static prometheus::Counter& slowed = metrics::Counter(
        "chat_gateway_slowed_publishers_total", "Pauses in reading because of publish_rate");
    slowed.Increment();
    resume_at_ = now + std::max<int64_t>(publishes_.WaitMs(), 1);
    worker_.Arm(*this);
    connection_.Throttle(true);
  }
  const ClientTopic topic = ParseClientTopic(publish.topic);
  switch (topic.family) {
    case TopicFamily::kEvents:
      return AddRequest(publish, handle, ReplyTopic(topic.module, module_, caller_.client_id()),
                        false);
    case TopicFamily::kEventsVersion: {
      Request request;
      request.handle = handle;
      request.reply_topic = ReplyTopic(topic.module, module_, caller_.client_id());
      CountRequest("other_version", "invalid_data");
      return requests().AddDone(std::move(request),
                                {rpc::Refuse(v1::INVALID_DATA, "protocol version"), {}});
    }
    case TopicFamily::kEventsIgnored:
      return Drop(publish, handle, "request_topic");
    case TopicFamily::kP2p:
    case TopicFamily::kRoom:
      if (caller_.state() == rules::AUTHENTICATED) {
        return AddRequest(publish, handle, "actions/1/api/" + caller_.client_id(), true);
      }
      return Drop(publish, handle, "not_allowed");
    default:
      return Drop(publish, handle, "not_allowed");
  }
}

void Client::AddRequest(const mqtt::Publish& publish, mqtt::InboundHandle handle,
                        std::string reply_topic, bool straight) {
  auto routed = RouteRequest(publish.payload, parts_.term_limits, caller_);
  Request request;
  request.handle = handle;
  request.reply_topic = std::move(reply_topic);
  request.trace = NewTrace();
  if (Refused* refused = std::get_if<Refused>(&routed)) {
    // Of what comes straight to a feed's topic only messages and typing are taken up (O14).
    if (straight) return Drop(publish, handle, "not_for_a_feed");
    const std::string& atom = wire::AtomOf(refused->code);
    CountRequest(refused->record.empty() ? "unknown" : refused->record + "/", atom.c_str());
    log::Info("request refused", {{"trace", request.trace},
                                  {"client", caller_.client_id()},
                                  {"peer", peer()},
                                  {"record", refused->record},
                                  {"code", atom},
                                  {"why", refused->why}});
    return requests().AddDone(std::move(request), {rpc::Refuse(refused->code, refused->why), {}});
  }
  request.routed = std::move(std::get<Routed>(routed));
  const wire::Route& route = *request.routed.route;
  if (straight && route.name != "Message/client" && route.name != "Typing/") {
    return Drop(publish, handle, "not_for_a_feed");
  }
  if (!route.ordered_by.empty()) {
    request.lane = parts_.backends->LaneFor(FeedHash(route, *request.routed.request, caller_));
    request.packet.set_id(static_cast<uint32_t>(publish.id));
    request.packet.set_dup(publish.dup);
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256(reinterpret_cast<const unsigned char*>(publish.payload.data()), publish.payload.size(),
           digest);
    request.packet.set_hash(digest, 16);
  }
  const uint64_t lane = request.lane;
  requests().Add(std::move(request), lane);
  UpdateReading();
}

void Client::Execute(Queue::Ticket ticket, Request& request) {
  v1::Caller caller = caller_;
  caller.set_trace(request.trace);
  if (request.routed.route->token) caller.set_token(token_);
  if (request.lane != 0) *caller.mutable_packet() = request.packet;
  parts_.backends->Call(
      *request.routed.route, *request.routed.request, caller, request.lane,
      [&worker = worker_, id = id_, ticket](absl::Status status, v1::Reply reply) {
        worker.ToClient(id, [ticket, outcome = std::make_shared<Outcome>(Outcome{
                                         std::move(status), std::move(reply)})](Client& self) {
          if (self.requests_ != nullptr) self.requests_->Finish(ticket, std::move(*outcome));
          self.UpdateReading();
        });
      });
}

void Client::Answer(Request& request, Outcome& outcome) {
  if (closed_) return;
  const std::string rpc = request.routed.route != nullptr ? request.routed.route->name : "";
  if (outcome.status.ok()) {
    CountRequest(rpc, "ok");
    return AnswerOk(request, outcome.reply);
  }
  mqtt::Reason reason = mqtt::Reason::kSuccess;
  v1::ErrorCode code = v1::UNAVAILABLE;
  if (auto refusal = rpc::RefusalOf(outcome.status)) {
    code = *refusal;
  } else if (outcome.status.code() == absl::StatusCode::kResourceExhausted) {
    code = v1::TOO_MANY;
    reason = mqtt::Reason::kQuotaExceeded;
  } else {
    reason = mqtt::Reason::kImplementationSpecificError;
    log::Warn("request failed", {{"trace", request.trace},
                                 {"client", caller_.client_id()},
                                 {"rpc", rpc},
                                 {"error", Message(outcome.status)}});
  }
  if (!rpc.empty()) {
    const std::string& atom = wire::AtomOf(code);
    CountRequest(rpc, atom.c_str());
    if (code != v1::UNAVAILABLE) {
      log::Info("request refused", {{"trace", request.trace},
                                    {"client", caller_.client_id()},
                                    {"peer", peer()},
                                    {"rpc", rpc},
                                    {"code", atom},
                                    {"why", Message(outcome.status)}});
    }
  }
  Send(request.reply_topic, ErrorReply(code));
  if (reason != mqtt::Reason::kImplementationSpecificError || request.handle == mqtt::kNoHandle) {
    return session_->AckInbound(request.handle, reason);
  }
  if (withheld_ != mqtt::kNoHandle) return;  // the connection ends with an earlier one
  withheld_ = request.handle;
  EndAfterReplies();
}

void Client::AnswerOk(Request& request, v1::Reply& reply) {
  const std::string& rpc = request.routed.route->name;
  if (rpc == "Auth/reg" || rpc == "Auth/resend") {
    parts_.registry.SetPending(caller_.client_id(), ref());
  }
  if (!reply.token().empty()) token_ = reply.token();
  for (const v1::Record& record : reply.records()) Send(request.reply_topic, record);
  session_->AckInbound(request.handle);
  if (reply.close()) {
    remove_session_ = true;
    EndAfterReplies();
  }
}

void Client::EndAfterReplies() {
  if (unacknowledged_replies_ == 0) {
    worker_.ToClient(id_, [](Client& self) { self.FinishEnding(); });
    return;
  }
  end_at_ = net::Loop::NowMs() + kLingerMs;
  worker_.Arm(*this);
}

void Client::FinishEnding() {
  if (closed_) return;
  if (withheld_ == mqtt::kNoHandle) return End(mqtt::Reason::kSuccess);
  session_->AckInbound(withheld_, mqtt::Reason::kImplementationSpecificError);
}

// ---- what goes to the client ----------------------------------------------------------------

mqtt::Qos Client::Lowered(std::string_view topic, mqtt::Qos qos) const {
  if (qos_ == nullptr) return qos;
  auto asked = qos_->find(topic);
  return asked == qos_->end() ? qos : std::min(qos, asked->second);
}

mqtt::SharedMessage Client::Encode(const std::string& topic,
                                   const google::protobuf::Message& record) {
  std::string payload;
  wire::Write(record, &payload);
  if (payload.size() + kHeadBytes > static_cast<size_t>(parts_.config.max_packet)) {
    std::unique_ptr<google::protobuf::Message> smaller(record.New());
    smaller->CopyFrom(record);
    Shrink(smaller.get());
    payload.clear();
    wire::Write(*smaller, &payload);
  }
  return mqtt::Message::Create(topic, payload);
}

void Client::Send(const std::string& topic, const google::protobuf::Message& record) {
  const mqtt::Qos qos = Lowered(topic, mqtt::Qos::kExactlyOnce);
  const mqtt::Delivery delivery = session_->Deliver(Encode(topic, record), qos, kReplyToken);
  const bool taken = delivery == mqtt::Delivery::kSent || delivery == mqtt::Delivery::kQueued;
  if (taken && qos != mqtt::Qos::kAtMostOnce) ++unacknowledged_replies_;
  if (taken) return;
  metrics::Counter("chat_gateway_dropped_replies_total",
                   "Replies that found the queue of their session full")
      .Increment();
}

void Client::SendFirst(const std::string& topic, const google::protobuf::Message& record) {
  const mqtt::Qos qos = Lowered(topic, mqtt::Qos::kExactlyOnce);
  if (session_->DeliverFirst(Encode(topic, record), qos, kReplyToken) == mqtt::Delivery::kSent &&
      qos != mqtt::Qos::kAtMostOnce) {
    ++unacknowledged_replies_;
  }
}

void Client::OnAcknowledged(mqtt::Token token) {
  if (token != kReplyToken) return flow_.OnAcknowledged(static_cast<int64_t>(token));
  if (unacknowledged_replies_ > 0) --unacknowledged_replies_;
  if (end_at_ != 0 && unacknowledged_replies_ == 0) EndAfterReplies();
}

void Client::OnEvent(const ReadyEvent& event) {
  if (session_ == nullptr && event.position == 0) return;  // transient, and not yet here
  flow_.OnLive(event);
  if (event.rosters_changed && session_ != nullptr) RefreshRosters();
}

mqtt::Qos Client::QosOf(const ReadyEvent& event) {
  return Lowered(event.message->topic(), event.qos);
}

mqtt::Delivery Client::SendEvent(const ReadyEvent& event, mqtt::Qos qos) {
  if (session_ == nullptr) return mqtt::Delivery::kFull;
  static prometheus::Counter& delivered =
      metrics::Counter("chat_gateway_deliveries_total", "Events passed on to sessions");
  delivered.Increment();
  return session_->Deliver(event.message, qos, static_cast<mqtt::Token>(event.position));
}

void Client::AskPage(int64_t above) {
  v1::ReplayRequest request;
  request.set_account_id(account_);
  request.set_above(above);
  request.set_limit(kPageEvents);
  parts_.backends->Ask<v1::ReplayRequest, v1::ReplayReply>(
      std::move(request), [&](auto... a) { parts_.backends->delivery().async()->Replay(a...); },
      [&worker = worker_, id = id_](absl::Status status, v1::ReplayReply reply) {
        auto events = std::make_shared<std::vector<ReadyEvent>>();
        for (const v1::Event& event : reply.events()) {
          events->push_back(MakeReady(event));
          if (events->back().message == nullptr) events->pop_back();  // larger than MQTT allows
        }
        worker.ToClient(id, [ok = status.ok(), events, more = reply.more()](Client& self) {
          ok ? self.OnPage(std::move(*events), more) : self.OnPageFailed();
        });
      });
}

void Client::OnPage(std::vector<ReadyEvent> events, bool more) {
  if (admission_ != nullptr) return admission_->OnPage(std::move(events), more);
  if (session_ == nullptr) return;
  static prometheus::Counter& replayed =
      metrics::Counter("chat_gateway_replayed_events_total", "Events read again from history");
  replayed.Increment(static_cast<double>(events.size()));
  flow_.OnPage(events, more);
}

void Client::OnPageFailed() {
  if (admission_ != nullptr) return admission_->OnPageFailed();
  flow_.OnPageFailed();
}

void Client::RefreshRosters() {
  v1::OpenProfileRequest request;
  request.set_account_id(account_);
  parts_.backends->Ask<v1::OpenProfileRequest, v1::AccountReply>(
      std::move(request), [&](auto... a) { parts_.backends->profile().async()->Open(a...); },
      [&worker = worker_, id = id_](absl::Status status, v1::AccountReply reply) {
        if (!status.ok()) return;
        worker.ToClient(
            id, [reply = std::make_shared<v1::AccountReply>(std::move(reply))](Client& self) {
              self.caller_.set_phone(reply->phone());
              *self.caller_.mutable_rosters() = reply->rosters();
            });
      });
}

// ---- SUBSCRIBE ------------------------------------------------------------------------------

namespace {

// Filters of one SUBSCRIBE for which messaging is asked.
constexpr size_t kMaxFeedsAsked = 100;

// The answer to one SUBSCRIBE while access to feeds is being asked for.
struct PendingSuback {
  mqtt::PacketId id;
  std::vector<std::string> topics;
  std::vector<uint8_t> codes;
  size_t asked = 0;
};

}  // namespace

void Client::OnSubscribe(const mqtt::Subscribe& subscribe) {
  auto pending = std::make_shared<PendingSuback>();
  pending->id = subscribe.id;
  auto finish = [pending](Client& self) {
    for (size_t i = 0; i < pending->codes.size(); ++i) {
      self.Grant(pending->topics[i], &pending->codes[i]);
    }
    self.connection_.Suback(pending->id, pending->codes);
  };
  std::vector<size_t> feeds;
  for (const mqtt::Subscription& wanted : subscribe.subscriptions) {
    const ClientTopic topic = ParseClientTopic(wanted.filter);
    const auto granted = static_cast<uint8_t>(wanted.qos);
    const bool known = caller_.state() == rules::AUTHENTICATED;
    bool allowed = false;
    if (topic.family == TopicFamily::kActions) {
      allowed = topic.rest == "1/api/" + caller_.client_id() ||
                topic.rest == "1/" + module_ + "/" + caller_.client_id();
    } else if (topic.family == TopicFamily::kSes) {
      allowed = known && topic.rest == caller_.phone();
    } else if (known && feeds.size() < kMaxFeedsAsked &&
               (topic.family == TopicFamily::kP2p || topic.family == TopicFamily::kRoom ||
                topic.family == TopicFamily::kAc)) {
      feeds.push_back(pending->codes.size());
    }
    pending->topics.emplace_back(wanted.filter);
    pending->codes.push_back(allowed ? granted : mqtt::kSubackFailure);
  }
  if (feeds.empty()) return finish(*this);
  pending->asked = feeds.size();
  for (size_t index : feeds) {
    v1::FeedAccessRequest request;
    request.set_account_id(account_);
    request.set_topic(pending->topics[index]);
    const auto granted = static_cast<uint8_t>(subscribe.subscriptions[index].qos);
    parts_.backends->Ask<v1::FeedAccessRequest, v1::FeedAccessReply>(
        std::move(request), [&](auto... a) { parts_.backends->feeds().async()->Access(a...); },
        [&worker = worker_, id = id_, pending, finish, index, granted](absl::Status status,
                                                                       v1::FeedAccessReply reply) {
          const bool read = status.ok() && reply.read();
          worker.ToClient(id, [pending, finish, index, granted, read](Client& self) {
            if (read) pending->codes[index] = granted;
            if (--pending->asked == 0 && !self.closed_) finish(self);
          });
        });
  }
}

// Remembers the QoS that the client asks for; the code becomes 0x80 when there are too many.
void Client::Grant(const std::string& topic, uint8_t* code) {
  if (qos_ == nullptr) qos_ = std::make_unique<std::map<std::string, mqtt::Qos, std::less<>>>();
  const bool room =
      qos_->count(topic) != 0 || qos_->size() < static_cast<size_t>(parts_.config.subscriptions);
  if (*code != mqtt::kSubackFailure && room) {
    (*qos_)[topic] = static_cast<mqtt::Qos>(*code);
    return;
  }
  *code = mqtt::kSubackFailure;
  metrics::Counter("chat_gateway_denied_subscriptions_total", "Filters answered with 0x80")
      .Increment();
  log::Info("subscription denied", {{"client", caller_.client_id()}, {"filter", topic}});
}

void Client::OnUnsubscribe(const mqtt::Unsubscribe& unsubscribe) {
  for (std::string_view filter : unsubscribe.filters) {
    if (qos_ == nullptr) break;
    if (auto asked = qos_->find(filter); asked != qos_->end()) qos_->erase(asked);
  }
  connection_.Unsuback(unsubscribe.id);
}

// ---- the end --------------------------------------------------------------------------------

void Client::End(mqtt::Reason reason) {
  if (!closed_) connection_.Close(reason);
}

void Client::TakenOver(const std::function<void(v1::Cursors, v1::SessionState)>& hand_over) {
  taken_over_ = true;
  End(mqtt::Reason::kSessionTakenOver);
  v1::Cursors cursor;
  cursor.set_position(flow_.cursor().position());
  for (int64_t position : flow_.cursor().above()) cursor.add_above(position);
  hand_over(std::move(cursor), HandOver());
}

void Client::OnClosed(mqtt::Closed closed) {
  closed_ = true;
  static const char* const kCauses[] = {"client_disconnect", "network_lost", "protocol_error",
                                        "connect_timeout",   "keep_alive",   "refused",
                                        "unavailable",       "server"};
  const char* cause = kCauses[static_cast<size_t>(closed.cause)];
  metrics::Counter("chat_gateway_disconnects_total", "Connections ended, by cause",
                   {{"cause", cause}})
      .Increment();
  if (closed.cause == mqtt::CloseCause::kProtocolError) {
    log::Info("protocol error", {{"client", caller_.client_id()},
                                 {"peer", peer()},
                                 {"clause", closed.error.clause},
                                 {"error", closed.error.text}});
  }
  stream_->Close(kLingerMs);
  if (requests_ != nullptr) requests_->Clear();
  LeaveEverything();
  if (session_id_ != 0 && !taken_over_) CloseSession();
  worker_.Forget(*this);
}

void Client::LeaveEverything() {
  worker_.LeaveAccount(*this);
  if (session_id_ != 0) {
    parts_.registry.Leave(session_id_, ref());
  } else if (!caller_.client_id().empty()) {
    parts_.registry.LeaveName(caller_.client_id(), ref());
  }
  if (account_ != 0 && session_ != nullptr) parts_.leases->Remove(account_);
}

void Client::CloseSession() {
  v1::CloseSessionRequest request;
  request.set_session_id(session_id_);
  request.set_epoch(epoch_);
  // A connection that was never admitted leaves the session as it found it.
  request.set_remove(session_ != nullptr && (clean_ || remove_session_));
  if (session_ != nullptr) {
    request.mutable_cursor()->set_position(flow_.cursor().position());
    for (int64_t position : flow_.cursor().above()) request.mutable_cursor()->add_above(position);
    *request.mutable_state() = HandOver();
  }
  parts_.closing.fetch_add(1);
  parts_.backends->Ask<v1::CloseSessionRequest, v1::CloseSessionReply>(
      std::move(request),
      [&](auto... a) { parts_.backends->delivery().async()->CloseSession(a...); },
      [&parts = parts_, client = caller_.client_id()](absl::Status status, v1::CloseSessionReply) {
        parts.closing.fetch_sub(1);
        if (!status.ok()) {
          log::Warn("session not closed", {{"client", client}, {"error", Message(status)}});
        }
      });
}

}  // namespace chat::gateway
