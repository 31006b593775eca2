#include "services/auth/connect_rules.h"

#include "services/auth/secrets.h"

namespace chat::auth {

const StoredToken* FindToken(const std::vector<StoredToken>& tokens, std::string_view hash) {
  const StoredToken* found = nullptr;
  for (const StoredToken& token : tokens) {
    if (SameSecret(token.hash, hash)) found = &token;
  }
  return found;
}

ConnectVerdict JudgeConnect(ClientKind kind, const std::vector<StoredToken>* tokens,
                            std::string_view password) {
  using State = ConnectVerdict::State;
  if (kind == ClientKind::kForeign) return {State::kRefused, kIdentifierRejected, nullptr};
  if (kind == ClientKind::kRegistering) return {State::kRegistering, kAccepted, nullptr};
  if (password.empty()) {
    if (tokens != nullptr) return {State::kRefused, kNotAuthorised, nullptr};
    return {State::kAnonymous, kAccepted, nullptr};
  }
  const StoredToken* token = tokens == nullptr ? nullptr : FindToken(*tokens, Sha256(password));
  if (token == nullptr || token->state == TokenState::kDead) {
    return {State::kRefused, kBadPassword, nullptr};
  }
  return {State::kAuthenticated, kAccepted, token};
}

}  // namespace chat::auth
