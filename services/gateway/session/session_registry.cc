#include "services/gateway/session/session_registry.h"

namespace chat::gateway {

namespace {

bool Same(const ConnectionRef& a, const ConnectionRef& b) {
  return a.worker == b.worker && a.client == b.client;
}

}  // namespace

bool SessionRegistry::Enter(int64_t session, const ConnectionRef& connection) {
  std::lock_guard lock(mutex_);
  auto [entry, fresh] = sessions_.emplace(session, connection);
  if (fresh) return true;
  if (entry->second.epoch > connection.epoch) return false;
  entry->second = connection;
  return true;
}

void SessionRegistry::Leave(int64_t session, const ConnectionRef& connection) {
  std::lock_guard lock(mutex_);
  auto found = sessions_.find(session);
  if (found != sessions_.end() && Same(found->second, connection)) sessions_.erase(found);
}

std::optional<ConnectionRef> SessionRegistry::Older(int64_t session, int64_t epoch) {
  std::lock_guard lock(mutex_);
  auto found = sessions_.find(session);
  if (found == sessions_.end() || found->second.epoch >= epoch) return std::nullopt;
  return found->second;
}

SessionRegistry::Entered SessionRegistry::EnterName(const std::string& client_id,
                                                    const ConnectionRef& connection) {
  std::lock_guard lock(mutex_);
  const auto found = names_.find(client_id);
  Entered entered;
  if (found != names_.end()) {
    if (found->second.pending) return {.refused = true, .older = std::nullopt, .ticket = ""};
    entered.older = found->second.connection;
  }
  entered.ticket = std::to_string(random_());
  names_[client_id] = {connection, entered.ticket};
  return entered;
}

std::optional<ConnectionRef> SessionRegistry::OnNameTold(const std::string& client_id,
                                                         const std::string& ticket) {
  std::lock_guard lock(mutex_);
  const auto found = names_.find(client_id);
  if (found == names_.end()) return std::nullopt;
  Named& named = found->second;
  if (named.ticket == ticket) {
    named.told = true;
    return std::nullopt;
  }
  if (!named.told || named.pending) return std::nullopt;
  return named.connection;
}

void SessionRegistry::SetPending(const std::string& client_id, const ConnectionRef& connection,
                                 bool pending) {
  std::lock_guard lock(mutex_);
  auto found = names_.find(client_id);
  if (found != names_.end() && Same(found->second.connection, connection)) {
    found->second.pending = pending;
  }
}

bool SessionRegistry::IsPending(const std::string& client_id) {
  std::lock_guard lock(mutex_);
  auto found = names_.find(client_id);
  return found != names_.end() && found->second.pending;
}

bool SessionRegistry::LeaveName(const std::string& client_id, const ConnectionRef& connection) {
  std::lock_guard lock(mutex_);
  auto found = names_.find(client_id);
  if (found == names_.end() || !Same(found->second.connection, connection)) return false;
  names_.erase(found);
  return true;
}

}  // namespace chat::gateway
