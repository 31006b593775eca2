// One connection of a client: the owner of its MQTT machines, its requests and its events. Lives on
// one worker's loop and is touched there only.
//
//   bytes -> mqtt::Connection -> OnPublish -> RouteRequest -> RequestQueue -> Backends -> Answer
//   Worker::OnEvent -> EventFlow -> mqtt::Session -> bytes
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "chat/v1/call.pb.h"
#include "chat/v1/messaging.pb.h"
#include "chat/v1/trace.pb.h"
#include "libs/log/log.h"
#include "libs/mqtt/connection.h"
#include "libs/net/stream.h"
#include "services/gateway/load.h"
#include "services/gateway/open/open_session.h"
#include "services/gateway/open/retained_flow.h"
#include "services/gateway/rate.h"
#include "services/gateway/router/router.h"
#include "services/gateway/router/topics.h"
#include "services/gateway/session/event_flow.h"
#include "services/gateway/session/request_queue.h"
#include "services/gateway/session/session_registry.h"
#include "services/gateway/session/topic_settings.h"
#include "services/gateway/transport/door.h"

namespace chat::gateway {

class Admission;
class Worker;
struct GatewayParts;

// What the decision about a CONNECT found out.
struct Admitted {
  v1::Caller caller;      // identity; complete but for what each request adds
  std::string token;      // text presented or newly issued (PROTOCOL O11)
  std::string new_token;  // to be told to the client
  std::string module;
  std::string revision;  // N of a will to `version/N`; empty: none announced
  int64_t auth_id = 0;
  bool clean = true;         // Clean Start: nothing stored is taken up
  int64_t expiry_s = 0;      // of the session after this connection; 0: ends with it
  bool expiry_told = false;  // it is not what the client of 5.0 asked for
  bool assigned = false;     // the client id is ours
  bool open_only = false;    // PROTOCOL O19
  std::vector<SharedOpenEvent> open_messages;  // in flight when the older connection ended
  bool present = false;
  int64_t sent_until_ms = 0;  // what was committed up to then may have been sent, unacknowledged
  v1::SessionState state;
  std::optional<v1::Profile> profile;
  EventPage page;                    // first one of the replay
  std::vector<ReadyEvent> receipts;  // PROTOCOL O25
};

// A cursor as messaging keeps it.
void SaveCursor(const CursorTracker& from, v1::Cursors* to);

class Client final : public net::StreamHandler,
                     public mqtt::ConnectionHandler,
                     public EventFlow::Host,
                     public OpenSession::Host,
                     public RetainedFlow::Host {
 public:
  Client(Worker& worker, uint64_t id, std::shared_ptr<net::Stream> stream, Place place);
  ~Client();

  uint64_t id() const { return id_; }
  Worker& worker() { return worker_; }
  mqtt::Connection& connection() { return connection_; }
  EventFlow& flow() { return flow_; }
  Admission* admission() { return admission_.get(); }
  const std::string& peer() const { return stream_->peer(); }
  ConnectionRef ref() const;
  bool admitted() const { return session_ != nullptr; }
  bool closed() const { return closed_; }
  bool awaits_connect() const {
    return connection_.state() == mqtt::Connection::State::kAwaitingConnect;
  }
  int64_t account() const { return account_; }
  int64_t session_id() const { return session_id_; }
  int64_t epoch() const { return epoch_; }
  int64_t auth_id() const { return auth_id_; }
  // Adds what this connection holds now.
  void AddTo(Load* load, int64_t unix_now_ms) const;
  // Which device on which connection this is.
  void Describe(v1::Note* note) const;

  // ---- from the admission -------------------------------------------------------------------
  void SetSession(int64_t account, int64_t session, int64_t epoch);
  void Admit(Admitted admitted);
  void Refuse(mqtt::Reason reason);
  mqtt::Version version() const { return connection_.version(); }

  // ---- from the worker ----------------------------------------------------------------------
  void OnTime();
  // When OnTime() is due: the MQTT machine's own deadline, or one of ours.
  std::optional<int64_t> NextDeadline() const;
  // The worker's note: the deadline it has this connection down for, 0 if none.
  int64_t armed_at() const { return armed_at_; }
  void set_armed_at(int64_t at) { armed_at_ = at; }
  void OnEvent(const ReadyEvent& event);
  void OnPage(EventPage page);
  void OnPageFailed();
  void OnOpen(const SharedOpenEvent& event);
  // False when it takes none now.
  bool OnOpenShared(const OpenEvent& event, const std::string& filter);
  void RetryOpen();
  void End(mqtt::Reason reason);
  // Ends it when the requests that it has sent are answered; reads no more.
  void Drain();
  // Ends the connection because a newer one took the session; returns what it leaves.
  v1::CloseSessionRequest TakenOver();
  // What is not stored of the session: cursor, subscriptions. False: nothing.
  bool TakeUnstored(v1::SessionCursor* to);
  // It could not be stored.
  void GiveBackUnstored();

  // ---- net::StreamHandler -------------------------------------------------------------------
  void OnData(std::string_view bytes) override;
  void OnFlushed() override { OnRoom(); }
  void OnEnd() override;

  // ---- mqtt::ConnectionHandler --------------------------------------------------------------
  void OnSend(std::string_view bytes) override;
  void OnSendPublish(std::string_view head, const mqtt::SharedMessage& message) override;
  void OnPacket(mqtt::PacketType type) override;
  void OnConnect(const mqtt::Connect& connect) override;
  void OnPublish(const mqtt::Publish& publish, mqtt::InboundHandle handle) override;
  void OnSubscribe(const mqtt::Subscribe& subscribe) override;
  void OnUnsubscribe(const mqtt::Unsubscribe& unsubscribe) override;
  void OnAcknowledged(mqtt::Token token) override;
  void OnDrained() override;
  void OnReadable() override { UpdateReading(); }
  int64_t UnixNowMs() override;
  void OnClosed(mqtt::Closed closed) override;

  // ---- EventFlow::Host ----------------------------------------------------------------------
  mqtt::Qos QosOf(const ReadyEvent& event) override;
  mqtt::Delivery SendEvent(const ReadyEvent& event, mqtt::Qos qos) override;
  void AskPage(int64_t above, const std::vector<int64_t>& had) override;

  // ---- OpenSession::Host --------------------------------------------------------------------
  mqtt::Delivery SendOpen(const OpenEvent& event, mqtt::Qos qos, bool retain,
                          mqtt::SubscriptionIds ids, bool shared) override;
  void AskLog(int64_t above) override;
  void AskClaim(uint64_t id, const SharedOpenEvent& event, const std::string& filter) override;

  // ---- RetainedFlow::Host -------------------------------------------------------------------
  void AskRetained(const std::string& filter, const std::string& after) override;
  bool SendRetained(const v1::OpenMessage& message, const OpenSubscription& subscription) override;

 private:
  // Where the answers to a request go (PROTOCOL 1.3, 1.9, O20).
  struct ReplyTo {
    std::string topic;       // one of the client's own
    std::string name;        // the text that is sent in its place; empty: the topic
    std::string properties;  // as mqtt::PassedOn() gives them: Correlation Data
    std::string open;        // in place of `topic`: an open one
  };
  struct Request {
    mqtt::InboundHandle handle = mqtt::kNoHandle;
    ReplyTo reply_to;
    Routed routed;
    std::unique_ptr<v1::RelayRequest> relay;  // in place of `routed`: a direct publish
    uint64_t lane = 0;
    std::string trace;
    std::chrono::steady_clock::time_point read_at{};
    v1::Packet packet;
    bool left_out = false;  // not executed and not answered: the connection ends before it
    std::string payload;    // not empty: to be routed when the own rosters are known anew
  };
  struct Outcome {
    absl::Status status;
    v1::Reply reply;
  };
  using Queue = RequestQueue<Request, Outcome>;

  Queue& requests();
  // `straight`: published to a feed's own topic (O14).
  void AddRequest(const mqtt::Publish& publish, mqtt::InboundHandle handle, ReplyTo reply_to,
                  bool straight);
  void AddDirect(const mqtt::Publish& publish, mqtt::InboundHandle handle, const std::string& topic,
                 TopicFamily family);
  ReplyTo ReplyToOf(const mqtt::Publish& publish, std::string topic, std::string name) const;
  bool IsOwnActions(const ClientTopic& topic) const;
  absl::Status RefusedFor(const Request& request, const Refused& refused);
  void Route(Request& request, Routed routed);
  void Reroute(Queue::Ticket ticket, const absl::Status& refreshed);
  void AnswerRelay(Request& request, const absl::Status& status);
  void Execute(Queue::Ticket ticket, Request& request);
  void Answer(Request& request, Outcome& outcome);
  // For `chat trace`, if it is about a message.
  void NoteRequest(const Request& request, v1::Note::Step step);
  void AnswerOk(Request& request, v1::Reply& reply);
  // About what the client did wrong: at most `log_rate` lines a second of one connection.
  void Log(std::string_view what, std::initializer_list<log::Field> fields);
  void Drop(const mqtt::Publish& publish, mqtt::InboundHandle handle, const char* why,
            mqtt::Reason reason = mqtt::Reason::kNotAuthorized);
  void Send(const ReplyTo& to, const google::protobuf::Message& record, bool first = false);
  mqtt::SharedMessage Encode(const std::string& topic, const google::protobuf::Message& record,
                             std::string_view properties);
  mqtt::Qos Lowered(std::string_view topic, mqtt::Qos qos) const;

  bool MayUseOpen() const;
  OpenSession& open();
  void PublishOpen(const mqtt::Publish& publish, mqtt::InboundHandle handle);
  void ReplyToOpen(const ReplyTo& to, const std::string& payload);
  void AddOpen(const std::string& filter, const OpenSubscription& subscription);
  bool RemoveOpen(std::string_view filter);
  void LeaveOpen();
  void ResumeOpen(const v1::SessionState& state);
  RetainedFlow& retained();
  // The client takes retained messages again.
  void OnRoom();
  // What a stored session needs of its open topics.
  void SaveOpen(v1::SessionState* state);
  int64_t OpenPosition();

  struct SubscribeWish;
  struct PendingSuback;
  void LearnTop(std::shared_ptr<PendingSuback> pending);
  void GrantAll(std::shared_ptr<PendingSuback> pending);
  void StoreThen(std::function<void(Client&)> answer);
  void FinishSubscribe(PendingSuback& pending);
  void Grant(SubscribeWish& wish);
  void Restore(const Admitted& admitted);
  // Ends what waits behind the window.
  v1::SessionState HandOver();
  int64_t SessionLife(const mqtt::Closed& closed) const;
  // What it leaves; once, at the end.
  v1::CloseSessionRequest Left(int64_t expiry_s);
  void LeaveEverything();
  void Write(std::string_view bytes);
  void UpdateReading();
  // Pauses reading while the connection or its address publishes too fast.
  void PauseIfTooFast();
  // Asks for the own phone and rosters, which have changed; `done` may be null.
  void RefreshRosters(std::function<void(Client&, const absl::Status&)> done);
  void CountAcknowledged(int64_t position);
  void NoteDelivery(const ReadyEvent& event, mqtt::Qos qos, mqtt::Delivery delivery);
  // What an event without a topic tells the gateway.
  void OnControl(const ReadyEvent& event);
  // Ends the connection when the client has acknowledged its replies, or after kLingerMs.
  void EndAfterReplies();
  void FinishEnding();
  std::string OwnTopic() const;

  Worker& worker_;
  GatewayParts& parts_;
  const uint64_t id_;
  Place place_;
  std::shared_ptr<net::Stream> stream_;
  mqtt::Connection connection_;
  EventFlow flow_;
  std::unique_ptr<mqtt::Session> session_;
  std::unique_ptr<Admission> admission_;
  std::unique_ptr<Queue> requests_;
  TopicSettings settings_;
  std::unique_ptr<OpenSession> open_;
  std::unique_ptr<RetainedFlow> retained_;  // null while none are due
  v1::Caller caller_;
  std::string token_;
  std::string module_;
  std::string revision_;
  TokenBucket publishes_;
  TokenBucket log_lines_;
  int64_t account_ = 0;
  int64_t session_id_ = 0;
  int64_t epoch_ = 0;
  int64_t auth_id_ = 0;
  int64_t armed_at_ = 0;
  int64_t online_since_ms_ = 0;  // Unix time of the admission
  int64_t sent_until_ms_ = 0;    // see Admitted
  int64_t resume_at_ = 0;        // reading goes on then (publish_rate)
  int64_t end_at_ = 0;           // the session ends then at the latest (logout)
  // Ended by another request than the last one here: what is under way is answered first.
  bool end_after_requests_ = false;
  size_t unacknowledged_replies_ = 0;
  // When the events in flight were committed, by position; null while there are none.
  std::unique_ptr<std::map<int64_t, int64_t>> committed_;
  // A request that could not be executed: its acknowledgement is withheld, and with it all after it
  // (O4).
  mqtt::InboundHandle withheld_ = mqtt::kNoHandle;
  // Changes of the own phone and rosters that were announced, and how many of them caller_ knows.
  uint32_t rosters_changed_ = 0;
  uint32_t rosters_known_ = 0;
  int64_t expiry_s_ = 0;    // of the session after the connection
  int64_t will_in_s_ = -1;  // after the end; negative: no will waits
  int64_t stored_open_position_ = 0;
  // QoS 2, on its way into the log of open topics or straight to a feed. The session that is left
  // counts it as received.
  std::vector<mqtt::PacketId> publishing_;
  bool state_unstored_ = false;  // subscriptions that messaging does not know
  bool remove_session_ = false;
  bool taken_over_ = false;
  size_t learning_ = 0;  // SUBSCRIBEs that wait for the log: nothing behind them is handled
  bool draining_ = false;
  bool closed_ = false;
};

}  // namespace chat::gateway
