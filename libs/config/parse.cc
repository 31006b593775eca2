// Where values come from: file, environment, flags.
#include <algorithm>
#include <cctype>
#include <fstream>

#include "libs/base/status.h"
#include "libs/config/config.h"

namespace chat::config {
namespace {

constexpr std::string_view kConfigKey = "config";

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r";
  size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

absl::Status Wrong(std::string_view source, std::string_view what) {
  return absl::InvalidArgumentError(View(std::string(source) + ": " + std::string(what)));
}

// Splits `--key=value`; an error names the flag.
absl::Status SplitFlag(const std::string& flag, std::string_view* key, std::string_view* value) {
  std::string_view text = flag;
  size_t equals = text.find('=');
  std::string_view name = text.substr(0, equals);
  if (!text.starts_with("--")) return Wrong(name, "is not a flag; flags are --key=value");
  if (equals == std::string_view::npos) return Wrong(name, "needs a value: --key=value");
  *key = name.substr(2);
  *value = text.substr(equals + 1);
  return absl::OkStatus();
}

}  // namespace

const Keys::Key* Keys::Find(std::string_view name) const {
  auto it = std::find_if(keys_.begin(), keys_.end(), [&](const Key& k) { return k.name == name; });
  return it == keys_.end() ? nullptr : &*it;
}

std::string Keys::Environment(const Key& key) const {
  std::string name = "CHAT_" + service_ + "_" + key.name;
  for (char& c : name) c = c == '-' ? '_' : static_cast<char>(std::toupper(c));
  return name;
}

// The value is never part of the message: it may be a secret.
absl::Status Keys::Set(std::string_view key, std::string_view value, std::string_view source) {
  const Key* found = Find(key);
  if (found == nullptr) {
    return Wrong(source, "unknown key '" + std::string(key) + "'; --help lists the keys");
  }
  if (value.find('\0') != std::string_view::npos) return Wrong(source, "holds a zero byte");
  absl::Status status = found->set(value);
  if (!status.ok()) return Wrong(source, "key '" + found->name + "': " + Message(status));
  return absl::OkStatus();
}

absl::Status Keys::ReadFile(const std::string& path) {
  std::ifstream file(path);
  if (!file) return Wrong("config", "cannot read '" + path + "'");
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    std::string_view text = Trimmed(line);
    if (text.empty() || text.front() == '#') continue;
    std::string source = path + ":" + std::to_string(number);
    size_t equals = text.find('=');
    if (equals == std::string_view::npos) return Wrong(source, "is not `key = value`");
    std::string_view key = Trimmed(text.substr(0, equals));
    if (key == kConfigKey) return Wrong(source, "key 'config' cannot stand in a file");
    CHAT_RETURN_IF_ERROR(Set(key, Trimmed(text.substr(equals + 1)), source));
  }
  if (file.bad()) return Wrong("config", "cannot read '" + path + "'");
  return absl::OkStatus();
}

absl::Status Keys::Parse(const std::vector<std::string>& flags,
                         const std::function<const char*(const char*)>& getenv) {
  const char* file = getenv(Environment(*Find(kConfigKey)).c_str());
  if (file != nullptr) file_ = file;
  for (const std::string& flag : flags) {
    std::string_view key, value;
    CHAT_RETURN_IF_ERROR(SplitFlag(flag, &key, &value));
    if (key == kConfigKey) file_ = value;
  }
  if (!file_.empty()) CHAT_RETURN_IF_ERROR(ReadFile(file_));
  for (const Key& key : keys_) {
    if (key.name == kConfigKey) continue;
    std::string variable = Environment(key);
    const char* value = getenv(variable.c_str());
    if (value != nullptr) CHAT_RETURN_IF_ERROR(Set(key.name, value, variable));
  }
  for (const std::string& flag : flags) {
    std::string_view key, value;
    CHAT_RETURN_IF_ERROR(SplitFlag(flag, &key, &value));
    CHAT_RETURN_IF_ERROR(Set(key, value, "--" + std::string(key)));
  }
  return absl::OkStatus();
}

}  // namespace chat::config
