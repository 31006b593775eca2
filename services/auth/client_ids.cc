#include "services/auth/client_ids.h"

namespace chat::auth {
namespace {

constexpr std::string_view kReg = "reg_";
constexpr std::string_view kDevice = "emqttd_";
constexpr std::string_view kForbidden("/+#\0", 4);

// At most `size` bytes of `text`, without half a UTF-8 character at the end.
std::string_view Cut(std::string_view text, size_t size) {
  if (text.size() <= size) return text;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  return text.substr(0, size);
}

}  // namespace

ClientKind Classify(std::string_view client_id) {
  if (client_id.size() > kMaxClientId) return ClientKind::kForeign;
  if (client_id.find_first_of(kForbidden) != std::string_view::npos) return ClientKind::kForeign;
  if (client_id.starts_with(kReg)) return ClientKind::kRegistering;
  if (!client_id.starts_with(kDevice)) return ClientKind::kForeign;
  client_id.remove_prefix(kDevice.size());
  return client_id.starts_with(kReg) ? ClientKind::kRegistering : ClientKind::kDevice;
}

std::string SessionClientId(std::string_view client_id, std::string_view suffix) {
  if (client_id.starts_with(kDevice)) client_id.remove_prefix(kDevice.size());
  while (client_id.starts_with(kReg)) client_id.remove_prefix(kReg.size());
  std::string id = std::string(kDevice) + std::string(client_id);
  return id.size() <= kMaxClientId ? id : WithSuffix(id, suffix);
}

std::string WithSuffix(std::string_view client_id, std::string_view suffix) {
  std::string id(Cut(client_id, kMaxClientId - suffix.size() - 1));
  return id.append("_").append(suffix);
}

bool MayReplace(const Owner& existing, const Owner& verified) {
  if (existing.phone == verified.phone) return true;
  return !existing.dev_key.empty() && existing.dev_key == verified.dev_key;
}

}  // namespace chat::auth
