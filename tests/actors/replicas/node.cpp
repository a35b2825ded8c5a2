// A replica as a process of its own, for tests that end, freeze or cut off a whole process.
//
//   cluster_node INSTANCE ORIGIN LISTEN_HOST PORT [PEER]...
//
// Reads commands, a word and perhaps a number each: `say N`, `note N` (0 = closed, else open),
// `list`, `quit`. Writes what happens, a line each: `at ADDRESS`, `line ORIGIN NUMBER DELAY_US`,
// `note INSTANCE BACKEND STATE`, `member INSTANCE STATE`, `end`, `report TEXT`, `counts SENT
// DROPPED`.
#include "tests/actors/replicas/replica.hpp"

#include <cstdio>
#include <iostream>
#include <string>

int main(int count, char** words) {
  using namespace synapse::test;
  if (count < 5)
    return 2;
  replica_options how = named(words[1], std::stoull(words[2]), {words + 5, words + count});
  how.settings.listen = words[3];
  how.settings.port = static_cast<std::uint16_t>(std::stoi(words[4]));
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  how.on_line = [](const arrived_line& one) {
    std::printf("line %llu %llu %lld\n", static_cast<unsigned long long>(one.line.origin),
                static_cast<unsigned long long>(one.line.number),
                static_cast<long long>(one.delay_us));
  };
  how.on_note = [](const peer_note& one) {
    std::printf("note %s %s %d\n", one.instance.c_str(), one.note.backend.c_str(),
                static_cast<int>(one.note.state));
  };
  how.on_report = [](const std::string& text) { std::printf("report %s\n", text.c_str()); };
  replica self{how};
  std::printf("at %s\n", self.address().c_str());
  std::string command;
  std::size_t number = 0;
  while (std::cin >> command && command != "quit") {
    if (command == "say" && std::cin >> number) {
      self.say(number);
    } else if (command == "note" && std::cin >> number) {
      self.note("chat", number == 0 ? circuit::closed : circuit::open);
    } else if (command == "list") {
      for (const auto& one : self.members())
        std::printf("member %s %d\n", one.instance.c_str(), static_cast<int>(one.state));
      std::printf("counts %zu %zu\n", self.sent.load(), self.dropped.load());
      std::printf("end\n");
    }
  }
  return 0;
}
