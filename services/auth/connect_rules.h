// The CONNECT decision table (PROTOCOL 1.2, O8). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "services/auth/client_ids.h"

namespace chat::auth {

// Return codes of CONNACK (MQTT 3.1.1, 3.2.2.3).
constexpr uint32_t kAccepted = 0;
constexpr uint32_t kIdentifierRejected = 2;
constexpr uint32_t kBadPassword = 4;
constexpr uint32_t kNotAuthorised = 5;

enum class TokenState { kLive, kRenewable, kDead };

struct StoredToken {
  int64_t id = 0;    // older tokens have smaller ids
  std::string hash;  // Sha256() of the token
  TokenState state = TokenState::kDead;
};

// The token whose hash this is; compared in constant time. nullptr when there is none.
const StoredToken* FindToken(const std::vector<StoredToken>& tokens, std::string_view hash);

struct ConnectVerdict {
  enum class State { kRefused, kRegistering, kAnonymous, kAuthenticated };
  State state = State::kRefused;
  uint32_t code = kAccepted;               // why, when refused
  const StoredToken* presented = nullptr;  // when authenticated; kRenewable: push a new one (5.1.5)
};

// `tokens` are those of the Auth row with this client id, nullptr without such a row; the verdict
// points into them. `password` is empty when none was sent.
ConnectVerdict JudgeConnect(ClientKind kind, const std::vector<StoredToken>* tokens,
                            std::string_view password);

}  // namespace chat::auth
