#include "libs/config/config.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "libs/base/status.h"

namespace chat::config {
namespace {

std::string Shown(bool secret, const std::string& value) {
  return secret && !value.empty() ? "***" : value;
}

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

absl::Status SetList(std::string_view text, std::vector<std::string>* value) {
  // `["a","b"]`; brackets alone may be an address.
  if (const auto json = nlohmann::json::parse(text, nullptr, false); json.is_array()) {
    const auto is_text = [](const nlohmann::json& element) { return element.is_string(); };
    if (!std::all_of(json.begin(), json.end(), is_text)) {
      return absl::InvalidArgumentError("an element of the list is no text");
    }
    *value = json.get<std::vector<std::string>>();
    return absl::OkStatus();
  }
  std::vector<std::string> list;
  while (!text.empty()) {
    size_t comma = text.find(',');
    std::string_view element = Trimmed(text.substr(0, comma));
    if (element.empty()) return absl::InvalidArgumentError("an element of the list is empty");
    list.emplace_back(element);
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
    if (text.empty()) return absl::InvalidArgumentError("an element of the list is empty");
  }
  *value = std::move(list);
  return absl::OkStatus();
}

std::string Joined(const std::vector<std::string>& list) {
  std::string text;
  for (const std::string& element : list) text += (text.empty() ? "" : ",") + element;
  return text;
}

}  // namespace

Keys::Keys(std::string service) : service_(std::move(service)) {
  Add("config", &file_, "File of `key = value` lines, read before environment and flags.");
}

void Keys::AddKey(Key key) {
  if (Find(key.name) != nullptr) std::abort();  // two owners of one key: a defect of the program
  key.default_text = key.get();
  keys_.push_back(std::move(key));
}

void Keys::Add(std::string_view key, std::string* value, std::string_view meaning, Secret secret) {
  AddKey({std::string(key), std::string(meaning), "text", secret == Secret::kYes,
          [value](std::string_view text) {
            *value = text;
            return absl::OkStatus();
          },
          [value] { return *value; }});
}

void Keys::Add(std::string_view key, int64_t* value, std::string_view meaning, int64_t low,
               int64_t high) {
  auto set = [value, low, high](std::string_view text) -> absl::Status {
    int64_t number = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) {
      return absl::InvalidArgumentError("not a whole number");
    }
    if (number < low || number > high) {
      std::string upper = high == INT64_MAX ? "" : " and at most " + std::to_string(high);
      return absl::InvalidArgumentError("must be at least " + std::to_string(low) + upper);
    }
    *value = number;
    return absl::OkStatus();
  };
  auto get = [value] { return std::to_string(*value); };
  AddKey({std::string(key), std::string(meaning), "number", false, set, get, "", low, high});
}

void Keys::Add(std::string_view key, bool* value, std::string_view meaning) {
  auto set = [value](std::string_view text) -> absl::Status {
    bool yes = text == "true" || text == "1";
    if (!yes && text != "false" && text != "0") {
      return absl::InvalidArgumentError("must be true or false");
    }
    *value = yes;
    return absl::OkStatus();
  };
  auto get = [value] { return std::string(*value ? "true" : "false"); };
  AddKey({std::string(key), std::string(meaning), "boolean", false, set, get});
}

void Keys::Add(std::string_view key, std::vector<std::string>* value, std::string_view meaning,
               Secret secret) {
  AddKey({std::string(key), std::string(meaning), "list", secret == Secret::kYes,
          [value](std::string_view text) { return SetList(text, value); },
          [value] { return Joined(*value); }});
}

std::string Keys::DumpJson() const {
  nlohmann::ordered_json keys = nlohmann::ordered_json::array();
  for (const Key& key : keys_) {
    nlohmann::ordered_json shown = {{"key", key.name},
                                    {"flag", "--" + key.name},
                                    {"environment", Environment(key)},
                                    {"type", key.type},
                                    {"default", Shown(key.secret, key.default_text)},
                                    {"value", Shown(key.secret, key.get())},
                                    {"meaning", key.meaning},
                                    {"secret", key.secret}};
    if (key.low != INT64_MIN) shown["minimum"] = key.low;
    if (key.high != INT64_MAX) shown["maximum"] = key.high;
    keys.push_back(std::move(shown));
  }
  return keys.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string Keys::Line() const {
  std::string line;
  for (const Key& key : keys_) {
    line += (line.empty() ? "" : " ") + key.name + "=" + Shown(key.secret, key.get());
  }
  return line;
}

std::string Keys::Help() const {
  std::string help;
  for (const Key& key : keys_) {
    std::string value = Shown(key.secret, key.default_text);
    help += "  --" + key.name + "=…  " + Environment(key) + "\n      " + key.meaning +
            (value.empty() ? "" : " Default: " + value) + "\n";
  }
  return help;
}

}  // namespace chat::config
