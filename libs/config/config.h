// Configuration of a process: a table of keys bound to variables. One precedence, highest first:
// flag `--key=value`, environment CHAT_<SERVICE>_<KEY> (upper case), file (`key = value` lines,
// lines that begin with `#` are comments; named by the key `config` as flag or environment),
// default (the variable's value when it is declared). A wrong value or an unknown key is refused at
// start with the name of the key.
#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace chat::config {

enum class Secret { kNo, kYes };  // kYes: shown as "***" wherever configuration is printed

class Keys {
 public:
  // `service` is the kind of process, e.g. "messaging"; it names the environment variables.
  explicit Keys(std::string service);
  Keys(const Keys&) = delete;
  Keys& operator=(const Keys&) = delete;

  // The variables must outlive Parse(). Integers are within [low, high].
  void Add(std::string_view key, std::string* value, std::string_view meaning,
           Secret secret = Secret::kNo);
  void Add(std::string_view key, int64_t* value, std::string_view meaning, int64_t low = 0,
           int64_t high = INT64_MAX);
  void Add(std::string_view key, bool* value, std::string_view meaning);
  // Comma separated, or a JSON array of texts; an empty text is an empty list.
  void Add(std::string_view key, std::vector<std::string>* value, std::string_view meaning,
           Secret secret = Secret::kNo);

  // Reads file, environment (`getenv`, for tests) and flags into the variables. `flags` are the
  // arguments without the program's name; each must be --key=value of a declared key or --config.
  absl::Status Parse(const std::vector<std::string>& flags,
                     const std::function<const char*(const char*)>& getenv);

  // One JSON array of {"key","flag","environment","type","default","value","meaning","secret"} and,
  // for numbers, "minimum" and "maximum" (absent: none); secrets masked. Types: text, number,
  // boolean, list.
  std::string DumpJson() const;
  // "key=value key=value …" for the log, secrets masked.
  std::string Line() const;
  // For people: --help.
  std::string Help() const;

 private:
  struct Key {
    std::string name, meaning;
    const char* type = "text";
    bool secret = false;
    std::function<absl::Status(std::string_view)> set;
    std::function<std::string()> get;
    std::string default_text = {};  // AddKey() fills it
    int64_t low = INT64_MIN, high = INT64_MAX;
  };
  void AddKey(Key key);
  const Key* Find(std::string_view key) const;
  std::string Environment(const Key& key) const;
  absl::Status Set(std::string_view key, std::string_view value, std::string_view source);
  absl::Status ReadFile(const std::string& path);
  std::string service_;
  std::string file_;
  std::vector<Key> keys_;
};

}  // namespace chat::config
