// Client ids that wait for a code at a live registering connection of some gateway (PROTOCOL O8):
// key `pending:<client id>` in Redis, value the gateway's name. Rewritten every 2 s; ends by itself
// 6 s after a crash. While Redis is away each gateway knows of its own connections only.
#pragma once

#include <functional>
#include <memory>
#include <string>

namespace chat::gateway {

class PendingNames {
 public:
  PendingNames(std::string redis, std::string gateway);
  ~PendingNames();  // gives what is held back, if Redis is there

  // Any thread. A name that is held or released twice is held or released.
  void Hold(const std::string& client_id);
  void Release(const std::string& client_id);
  // Whether another gateway holds it; `done` is called once, on a thread of this class. As many
  // wait as there are connections in their CONNECT.
  void AskElsewhere(const std::string& client_id, std::function<void(bool elsewhere)> done);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace chat::gateway
