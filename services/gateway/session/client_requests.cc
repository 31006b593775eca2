// Requests of a client: from a PUBLISH to the answer (PROTOCOL 4.1, O4, O5, O14).
#include <openssl/sha.h>

#include <algorithm>
#include <random>
#include <unordered_map>

#include "chat/v1/records.pb.h"
#include "libs/base/status.h"
#include "libs/log/log.h"
#include "libs/metrics/metrics.h"
#include "libs/metrics/stages.h"
#include "libs/net/loop.h"
#include "services/gateway/gateway_parts.h"
#include "services/gateway/router/direct.h"
#include "services/gateway/router/topics.h"
#include "services/gateway/session/client.h"
#include "services/gateway/session/will.h"
#include "services/gateway/worker.h"

namespace chat::gateway {

namespace {

std::string NewTrace() {
  static thread_local std::mt19937_64 random{std::random_device{}()};
  char text[17];
  snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(random()));
  return text;
}

// Direct publishes run beside each other (PROTOCOL 1.4: nothing waits for them but the client's own
// next request).
constexpr uint64_t kRelayLane = UINT64_MAX;

v1::Io ErrorReply(v1::ErrorCode code) {
  v1::Io io;
  io.mutable_error()->set_code(wire::AtomOf(code));
  return io;
}

// So that the service knows a repetition (O3).
void NamePacket(const mqtt::Publish& publish, v1::Packet* packet) {
  packet->set_id(static_cast<uint32_t>(publish.id));
  packet->set_dup(publish.dup);
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(publish.payload.data()), publish.payload.size(),
         digest);
  packet->set_hash(digest, 16);
}

// After it the connection waits for a code.
bool AsksForCode(std::string_view rpc) { return rpc == "Auth/reg" || rpc == "Auth/resend"; }

// Their answer announces rosters or a phone that the connection does not know as its own.
bool ChangesRosters(std::string_view rpc) {
  return rpc == "Roster/create" || rpc == "Profile/phone";
}

// Looking a counter up costs more than the rest of a request: each loop remembers what it has met.
// Both labels come from closed tables.
void CountRequest(const std::string& route, const char* outcome) {
  static thread_local std::unordered_map<std::string, prometheus::Counter*> known;
  prometheus::Counter*& counter = known[route + '|' + outcome];
  if (counter == nullptr) {
    counter = &metrics::Counter("chat_gateway_requests_total", "Requests by RPC and outcome",
                                {{"rpc", route}, {"outcome", outcome}});
  }
  counter->Increment();
}

// How long a route's requests take; found once by each event loop.
prometheus::Histogram& SecondsOf(const wire::Route& route) {
  static thread_local std::unordered_map<const wire::Route*, prometheus::Histogram*> known;
  prometheus::Histogram*& seconds = known[&route];
  if (seconds == nullptr) {
    seconds = &metrics::Histogram("chat_gateway_request_seconds",
                                  "From a request that was read to its answer, by RPC",
                                  metrics::TimeBuckets(), {{"rpc", route.name}});
  }
  return *seconds;
}

}  // namespace

Client::Queue& Client::requests() {
  if (requests_ == nullptr) {
    requests_ = std::make_unique<Queue>(
        [this](Request& request, Outcome& outcome) { Answer(request, outcome); },
        [this](Queue::Ticket ticket, Request& request) { Execute(ticket, request); });
  }
  return *requests_;
}

void Client::Drop(const mqtt::Publish& publish, mqtt::InboundHandle handle, const char* why,
                  mqtt::Reason reason) {
  metrics::Counter("chat_gateway_dropped_publishes_total",
                   "PUBLISH packets acknowledged and not acted upon (PROTOCOL 1.2)",
                   {{"reason", why}})
      .Increment();
  Log("publish dropped",
      {{"client", caller_.client_id()}, {"topic", publish.topic}, {"reason", why}});
  session_->AckInbound(handle, reason);
}

void Client::PauseIfTooFast() {
  const int64_t now = net::Loop::NowMs();
  const int64_t own = publishes_.Take(now) ? 0 : std::max<int64_t>(publishes_.WaitMs(), 1);
  const int64_t shared = place_.TakePublish(now);
  if (own == 0 && shared == 0) return;
  // What arrived is taken all the same; reading pauses until the rate allows the next.
  metrics::Counter("chat_gateway_slowed_publishers_total", "Pauses in reading, by the limit met",
                   {{"limit", own != 0 ? "publish_rate" : "address_publish_rate"}})
      .Increment();
  resume_at_ = now + std::max(own, shared);
  worker_.Arm(*this);
  connection_.Throttle(true);
}

void Client::OnPublish(const mqtt::Publish& publish, mqtt::InboundHandle handle) {
  // Neither executed nor acknowledged: the client repeats it on its next connection.
  if (withheld_ != mqtt::kNoHandle) return;
  PauseIfTooFast();
  if (!IsWithin(publish.topic, parts_.config.topic_bytes, parts_.config.topic_levels)) {
    return Drop(publish, handle, "topic_limit", mqtt::Reason::kTopicNameInvalid);
  }
  const CanonicalTopic canonical = Canonical(publish.topic, parts_.config.topic_aliases);
  const ClientTopic topic = ParseClientTopic(canonical.topic);
  switch (topic.family) {
    case TopicFamily::kEvents:
    case TopicFamily::kEventsVersion: {
      const std::string name = canonical.renamed ? "actions/" + caller_.client_id() : "";
      ReplyTo reply_to =
          ReplyToOf(publish, ReplyTopic(topic.module, module_, caller_.client_id()), name);
      if (topic.family == TopicFamily::kEvents) {
        return AddRequest(publish, handle, std::move(reply_to), false);
      }
      Request request;
      request.handle = handle;
      request.reply_to = std::move(reply_to);
      CountRequest("other_version", "invalid_data");
      return requests().AddDone(std::move(request),
                                {rpc::Refuse(v1::INVALID_DATA, "protocol version"), {}});
    }
    case TopicFamily::kEventsIgnored:
      return Drop(publish, handle, "request_topic");
    case TopicFamily::kSes:
    case TopicFamily::kAc:
    case TopicFamily::kP2p:
    case TopicFamily::kRoom:
      if (caller_.state() == rules::AUTHENTICATED) {
        return AddDirect(publish, handle, canonical.topic, topic.family);
      }
      return Drop(publish, handle, "not_allowed");
    default:
      if (MayUseOpen() && parts_.open.OpensTopic(publish.topic)) {
        return PublishOpen(publish, handle);
      }
      return Drop(publish, handle, "not_allowed");
  }
}

bool Client::IsOwnActions(const ClientTopic& topic) const {
  return topic.family == TopicFamily::kActions &&
         (topic.rest == "1/api/" + caller_.client_id() ||
          topic.rest == "1/" + module_ + "/" + caller_.client_id());
}

Client::ReplyTo Client::ReplyToOf(const mqtt::Publish& publish, std::string topic,
                                  std::string name) const {
  ReplyTo to{std::move(topic), std::move(name), "", ""};
  mqtt::Properties correlation;
  for (const mqtt::Property& property : publish.properties) {
    if (property.id == mqtt::PropertyId::kCorrelationData) correlation.push_back(property);
  }
  to.properties = mqtt::PassedOn(correlation);
  const std::string_view wanted =
      mqtt::FindText(publish.properties, mqtt::PropertyId::kResponseTopic);
  const CanonicalTopic canonical = Canonical(wanted, parts_.config.topic_aliases);
  if (MayUseOpen() && parts_.open.OpensTopic(wanted)) {
    to.open = wanted;
    return to;
  }
  if (!IsOwnActions(ParseClientTopic(canonical.topic))) return to;
  to.topic = canonical.topic;
  to.name = canonical.renamed ? std::string(wanted) : "";
  return to;
}

// PROTOCOL 1.4, O14.
void Client::AddDirect(const mqtt::Publish& publish, mqtt::InboundHandle handle,
                       const std::string& topic, TopicFamily family) {
  const bool feed = family == TopicFamily::kP2p || family == TopicFamily::kRoom;
  switch (ClassifyDirect(publish.payload, parts_.term_limits, caller_)) {
    case DirectKind::kMalformed:
      return Drop(publish, handle, "malformed", mqtt::Reason::kPayloadFormatInvalid);
    case DirectKind::kDropped:
      return Drop(publish, handle, "not_for_a_feed");
    case DirectKind::kRequest:
      if (!feed) return Drop(publish, handle, "not_for_a_feed");
      return AddRequest(publish, handle,
                        ReplyToOf(publish, "actions/1/api/" + caller_.client_id(), ""), true);
    case DirectKind::kTerm:
      break;
  }
  Request request;
  request.handle = handle;
  request.trace = NewTrace();
  request.relay = std::make_unique<v1::RelayRequest>();
  request.relay->set_account_id(account_);
  request.relay->set_topic(topic);
  request.relay->set_payload(std::string(publish.payload));
  request.relay->set_qos(static_cast<uint32_t>(publish.qos));
  request.relay->set_trace(request.trace);
  request.relay->set_client_id(caller_.client_id());
  if (publish.qos == mqtt::Qos::kExactlyOnce) {
    publishing_.push_back(publish.id);
    request.packet.set_id(static_cast<uint32_t>(publish.id));
  }
  requests().Add(std::move(request), kRelayLane);
  UpdateReading();
}

void Client::AddRequest(const mqtt::Publish& publish, mqtt::InboundHandle handle, ReplyTo reply_to,
                        bool straight) {
  auto routed = RouteRequest(publish.payload, parts_.term_limits, caller_);
  Request request;
  request.handle = handle;
  request.reply_to = std::move(reply_to);
  request.trace = NewTrace();
  request.read_at = std::chrono::steady_clock::now();
  if (publish.qos != mqtt::Qos::kAtMostOnce && account_ != 0) NamePacket(publish, &request.packet);
  if (Refused* refused = std::get_if<Refused>(&routed)) {
    // What is announced is there: a new roster is used by the request after it (O10).
    if (refused->not_own && rosters_known_ != rosters_changed_) {
      request.payload = publish.payload;
      requests().Add(std::move(request), 0);
      return UpdateReading();
    }
    const absl::Status status = RefusedFor(request, *refused);
    return requests().AddDone(std::move(request), {status, {}});
  }
  const wire::Route& route = *std::get<Routed>(routed).route;
  if (straight && route.name != "Message/client") return Drop(publish, handle, "not_for_a_feed");
  Route(request, std::move(std::get<Routed>(routed)));
  NoteRequest(request, v1::Note::RECEIVED);
  const uint64_t lane = request.lane;
  requests().Add(std::move(request), lane);
  UpdateReading();
}

void Client::NoteRequest(const Request& request, v1::Note::Step step) {
  if (request.routed.route == nullptr || !request.routed.route->name.starts_with("Message/"))
    return;
  worker_.journeys().Add(step, {.trace = rpc::TraceNumber(request.trace), .session = session_id_});
}

absl::Status Client::RefusedFor(const Request& request, const Refused& refused) {
  const std::string& atom = wire::AtomOf(refused.code);
  CountRequest(refused.record.empty() ? "unknown" : refused.record + "/", atom.c_str());
  Log("request refused", {{"trace", request.trace},
                          {"client", caller_.client_id()},
                          {"peer", peer()},
                          {"record", refused.record},
                          {"code", atom},
                          {"why", refused.why}});
  return rpc::Refuse(refused.code, refused.why);
}

void Client::Route(Request& request, Routed routed) {
  request.routed = std::move(routed);
  const wire::Route& route = *request.routed.route;
  if (route.ordered_by.empty()) return;
  request.lane = parts_.backends->LaneFor(FeedHash(route, *request.routed.request, caller_));
}

void Client::Reroute(Queue::Ticket ticket, const absl::Status& refreshed) {
  Request* request = requests_ == nullptr ? nullptr : requests_->Running(ticket);
  if (request == nullptr) return;
  absl::Status status = refreshed;
  if (status.ok()) {
    auto routed = RouteRequest(request->payload, parts_.term_limits, caller_);
    if (Routed* found = std::get_if<Routed>(&routed)) {
      request->payload.clear();
      Route(*request, std::move(*found));
      return Execute(ticket, *request);
    }
    status = RefusedFor(*request, std::get<Refused>(routed));
  }
  requests_->Finish(ticket, Outcome{status, {}});
  UpdateReading();
}

void Client::Execute(Queue::Ticket ticket, Request& request) {
  if (withheld_ != mqtt::kNoHandle) {
    // O4, O5: the client sends this again after the one that could not be executed.
    request.left_out = true;
    return requests().Finish(ticket, Outcome());
  }
  if (!request.payload.empty()) {
    return RefreshRosters(
        [ticket](Client& self, const absl::Status& refreshed) { self.Reroute(ticket, refreshed); });
  }
  if (request.relay != nullptr) {
    return Relay(*parts_.backends, *request.relay,
                 [&worker = worker_, id = id_, ticket](absl::Status status) {
                   worker.ToClient(id, [ticket, status](Client& self) {
                     if (self.requests_ == nullptr) return;
                     self.requests_->Finish(ticket, Outcome{status, {}});
                     self.UpdateReading();
                   });
                 });
  }
  // Known to the other gateways before the code goes out.
  if (AsksForCode(request.routed.route->name)) parts_.names->Hold(caller_.client_id());
  v1::Caller caller = caller_;
  caller.set_trace(request.trace);
  if (request.routed.route->token) caller.set_token(token_);
  if (request.packet.id() != 0) *caller.mutable_packet() = request.packet;
  parts_.backends->Call(
      *request.routed.route, *request.routed.request, std::move(caller), request.lane,
      [&worker = worker_, id = id_, ticket, begin = std::chrono::steady_clock::now(),
       ordered = request.lane != 0](absl::Status status, v1::Reply reply) {
        static prometheus::Histogram& stage = metrics::MessageStage("request");
        if (ordered && status.ok()) {
          std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
          stage.Observe(taken.count());
        }
        worker.ToClient(id, [ticket, outcome = std::make_shared<Outcome>(Outcome{
                                         std::move(status), std::move(reply)})](Client& self) {
          if (self.requests_ != nullptr) self.requests_->Finish(ticket, std::move(*outcome));
          if (self.end_after_requests_ && self.end_at_ != 0) self.EndAfterReplies();
          self.UpdateReading();
        });
      });
  if (request.lane != 0) worker_.FlushLanes();
}

void Client::Answer(Request& request, Outcome& outcome) {
  if (closed_ || request.left_out) return;
  if (request.relay != nullptr) return AnswerRelay(request, outcome.status);
  const std::string rpc = request.routed.route != nullptr ? request.routed.route->name : "";
  NoteRequest(request, outcome.status.ok() ? v1::Note::ANSWERED : v1::Note::REFUSED);
  if (request.routed.route != nullptr) {
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - request.read_at;
    SecondsOf(*request.routed.route).Observe(taken.count());
  }
  if (outcome.status.ok()) {
    CountRequest(rpc, "ok");
    return AnswerOk(request, outcome.reply);
  }
  if (AsksForCode(rpc) && !parts_.registry.IsPending(caller_.client_id())) {
    parts_.names->Release(caller_.client_id());
  }
  mqtt::Reason reason = mqtt::Reason::kSuccess;
  v1::ErrorCode code = v1::UNAVAILABLE;
  if (auto refusal = rpc::RefusalOf(outcome.status)) {
    code = *refusal;
    if (code == v1::TOO_MANY) reason = mqtt::Reason::kQuotaExceeded;
    if (code == v1::UNAVAILABLE) reason = mqtt::Reason::kImplementationSpecificError;
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
      Log("request refused", {{"trace", request.trace},
                              {"client", caller_.client_id()},
                              {"peer", peer()},
                              {"rpc", rpc},
                              {"code", atom},
                              {"why", Message(outcome.status)}});
    }
  }
  Send(request.reply_to, ErrorReply(code));
  // 5.0 says it in the acknowledgement; 3.x by closing, after the reply (O4).
  const bool withheld = reason == mqtt::Reason::kImplementationSpecificError &&
                        request.handle != mqtt::kNoHandle && version() != mqtt::Version::k5;
  if (!withheld) return session_->AckInbound(request.handle, reason);
  if (withheld_ != mqtt::kNoHandle) return;  // the connection ends with an earlier one
  withheld_ = request.handle;
  EndAfterReplies();
}

// Nothing is answered; what is refused vanishes (PROTOCOL 1.4).
void Client::AnswerRelay(Request& request, const absl::Status& status) {
  const auto refusal = rpc::RefusalOf(status);
  CountRequest("direct", status.ok() ? "ok" : refusal ? "refused" : "failed");
  std::erase(publishing_, mqtt::PacketId{static_cast<uint16_t>(request.packet.id())});
  if (status.ok()) return session_->AckInbound(request.handle);
  Log("direct publish dropped", {{"trace", request.trace},
                                 {"client", caller_.client_id()},
                                 {"topic", request.relay->topic()},
                                 {"why", Message(status)}});
  mqtt::Reason reason = mqtt::Reason::kNotAuthorized;
  if (!refusal && version() == mqtt::Version::k5) {
    reason = mqtt::Reason::kImplementationSpecificError;
  }
  session_->AckInbound(request.handle, reason);
}

void Client::AnswerOk(Request& request, v1::Reply& reply) {
  const std::string& rpc = request.routed.route->name;
  if (AsksForCode(rpc)) parts_.registry.SetPending(caller_.client_id(), ref(), true);
  if (rpc == "Auth/verify") {
    parts_.registry.SetPending(caller_.client_id(), ref(), false);
    parts_.names->Release(caller_.client_id());
  }
  if (ChangesRosters(rpc)) {
    ++rosters_changed_;
    RefreshRosters(nullptr);
  }
  if (!reply.token().empty()) token_ = reply.token();
  for (const v1::Record& record : reply.records()) Send(request.reply_to, record);
  session_->AckInbound(request.handle);
  if (reply.close()) {
    remove_session_ = true;
    EndAfterReplies();
  }
}

}  // namespace chat::gateway
