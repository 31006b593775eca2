// Requests of a client: from a PUBLISH to the answer (PROTOCOL 4.1, O4, O5, O14).
#include <openssl/sha.h>

#include <algorithm>
#include <random>

#include "chat/v1/records.pb.h"
#include "libs/base/status.h"
#include "libs/log/log.h"
#include "libs/metrics/metrics.h"
#include "libs/metrics/stages.h"
#include "libs/net/loop.h"
#include "services/gateway/gateway_parts.h"
#include "services/gateway/router/topics.h"
#include "services/gateway/session/client.h"
#include "services/gateway/worker.h"

namespace chat::gateway {

namespace {

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

}  // namespace

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
    return Drop(publish, handle, "topic_limit");
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

}  // namespace chat::gateway
