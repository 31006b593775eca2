// The decision about one CONNECT (PROTOCOL 1.2, 1.6, O7, O8): token, session, take-over,
// subscription, then Profile and the first page of what was missed, and only then CONNACK. Owned by
// the client until it is decided; every answer comes back over the client's worker.
#pragma once

#include <absl/status/status.h>

#include <optional>
#include <string>

#include "chat/v1/auth.pb.h"
#include "chat/v1/gateway.pb.h"
#include "chat/v1/messaging.pb.h"
#include "chat/v1/profile.pb.h"
#include "libs/mqtt/packet.h"
#include "services/gateway/session/client.h"

namespace chat::gateway {

class Admission {
 public:
  Admission(Client& client, const mqtt::Connect& connect);
  void Begin();
  // The first page of the replay, or its failure.
  void OnPage(EventPage page);
  // It ends without a session of the connection: what messaging gave out goes back.
  void GiveBack(v1::CloseSessionRequest* request);
  void OnPageFailed();

 private:
  void OnVerdict(const absl::Status& status, const v1::ConnectReply& reply);
  void AdmitNamed(rules::State state);
  // PROTOCOL O8.
  void RefusePending();
  void OpenSession();
  // The session belongs to open topics only (PROTOCOL O19).
  void AdmitOpen();
  bool OpenToAll() const;
  // Messages of open topics that were in flight when the older connection ended.
  void AskOpenMessages(int64_t above);
  void OnSession(const absl::Status& status, const v1::OpenSessionReply& reply);
  void TakeOver(const v1::OpenSessionReply& reply);
  void OnTakenOver(const v1::TakeOverReply& reply);
  // Publishes the will of the older connection, or drops it [MQTT5-3.1.3-9].
  void JudgeOlderWill(const v1::TakeOverReply& reply);
  void Join();
  void Load();
  void OnProfile(const absl::Status& status, v1::AccountReply reply);
  void FinishIfReady();
  void Fail(const char* what, const absl::Status& status);
  // Runs `work` on this admission, if it still stands, from any thread.
  template <typename Work>
  auto Later(Work work);

  Client& client_;
  std::string password_;
  bool has_password_ = false;
  int64_t connected_at_ms_ = 0;
  Admitted admitted_;
  CursorTracker cursor_;
  bool joining_ = false;
  bool joined_ = false;
  bool loading_ = false;
  bool has_page_ = false;
  bool has_open_ = false;
  std::optional<v1::StoredWill> will_;
  std::optional<v1::StoredWill> older_will_;
  v1::Cursors fresh_;  // see OpenSessionReply
};

}  // namespace chat::gateway
