// What an event loop tells the services and asks them now and then, for all its connections at
// once: cursors and subscriptions that are to be stored, sessions that have been revoked.
#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <utility>

#include "libs/log/log.h"
#include "services/gateway/worker.h"

namespace chat::gateway {

namespace {

// A replica that stands still is not waited for: the next flush goes to another one.
constexpr std::chrono::milliseconds kFlushTimeout{2000};
// Whoever ended a session says so by an event as well, which brings its farewell.
constexpr auto kFarewell = std::chrono::seconds(2);

}  // namespace

void Worker::FlushCursors() {
  std::vector<v1::FlushCursorsRequest> requests;
  for (auto& [id, client] : clients_) {
    v1::SessionCursor unstored;
    if (!client->TakeUnstored(&unstored)) continue;
    if (requests.empty() || requests.back().sessions_size() >= static_cast<int>(kBatch)) {
      requests.emplace_back();
    }
    *requests.back().add_sessions() = std::move(unstored);
  }
  for (v1::FlushCursorsRequest& request : requests) {
    std::vector<int64_t> flushed;
    for (const v1::SessionCursor& session : request.sessions()) {
      flushed.push_back(session.session_id());
    }
    parts_.backends->Ask<v1::FlushCursorsRequest, v1::FlushCursorsReply>(
        std::move(request),
        [&](auto... a) { parts_.backends->delivery().async()->FlushCursors(a...); }, kFlushTimeout,
        [this, flushed = std::move(flushed)](absl::Status status, v1::FlushCursorsReply reply) {
          if (!status.ok()) return Post([this, flushed] { FlushAgain(flushed); });
          if (reply.stale().empty()) return;
          Post([this, stale = std::vector<int64_t>(reply.stale().begin(), reply.stale().end())] {
            for (auto& [id, client] : clients_) {
              if (std::find(stale.begin(), stale.end(), client->session_id()) != stale.end()) {
                client->End(mqtt::Reason::kSessionTakenOver);
              }
            }
          });
        });
  }
}

void Worker::FlushAgain(const std::vector<int64_t>& sessions) {
  const std::unordered_set<int64_t> these(sessions.begin(), sessions.end());
  for (auto& [id, client] : clients_) {
    if (these.contains(client->session_id())) client->GiveBackUnstored();
  }
}

void Worker::EndIdleChannels() { parts_.fanout->EndIdle(); }

void Worker::AskRevoked() {
  std::vector<v1::RevokedRequest> requests;
  for (auto& [id, client] : clients_) {
    if (client->auth_id() == 0) continue;
    if (requests.empty() || requests.back().auth_id_size() >= static_cast<int>(kBatch)) {
      requests.emplace_back();
    }
    requests.back().add_auth_id(client->auth_id());
  }
  for (v1::RevokedRequest& request : requests) {
    parts_.backends->Ask<v1::RevokedRequest, v1::RevokedReply>(
        std::move(request), [&](auto... a) { parts_.backends->auth().async()->Revoked(a...); },
        [this](absl::Status status, v1::RevokedReply reply) {
          if (!status.ok() || reply.auth_id().empty()) return;
          Post([this, gone = std::set<int64_t>(reply.auth_id().begin(), reply.auth_id().end())] {
            EndRevoked(gone);
          });
        });
  }
}

void Worker::EndRevoked(const std::set<int64_t>& gone) {
  auto timer = std::make_shared<boost::asio::steady_timer>(loop_.context(), kFarewell);
  timer->async_wait([this, timer, gone](const boost::system::error_code& stopped) {
    if (stopped) return;
    for (auto& [id, client] : clients_) {
      if (gone.contains(client->auth_id())) client->End(mqtt::Reason::kNotAuthorized);
    }
  });
}

}  // namespace chat::gateway
