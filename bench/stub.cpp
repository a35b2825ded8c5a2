/// The stub backend as a program. Prints `listening <port>` once it accepts connections.
#include "bench/options.hpp"
#include "bench/sockets.hpp"
#include "bench/stub_server.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

using namespace synapse::bench;

int main(int argc, char** argv) {
  const options given{argc,
                      argv,
                      {{"listen", "127.0.0.1:0"},
                       {"threads", "1"},
                       {"events", "64"},
                       {"interval-us", "20000"},
                       {"delay-us", "0"},
                       {"role-gap-us", "0"}}};
  auto address = parse_address(given.text("listen"));
  if (!address) {
    std::fprintf(stderr, "--listen needs an IPv4 address and a port\n");
    return 2;
  }
  prepare_process();
  const stream_shape shape{given.number("events"), given.number("interval-us") * 1000,
                           given.number("delay-us") * 1000, given.number("role-gap-us") * 1000};
  std::vector<std::jthread> threads;
  for (std::uint64_t i = 0; i < std::max<std::uint64_t>(1, given.number("threads")); ++i) {
    const int listener = listen_on(*address);
    if (listener < 0) {
      std::fprintf(stderr, "cannot listen on %s: %s\n", given.text("listen").c_str(),
                   std::strerror(errno));
      std::_Exit(1); // threads already running never end by themselves
    }
    address->sin_port = htons(bound_port(listener));
    threads.emplace_back([listener, shape] {
      prepare_process(); // timer slack is a thread's own
      stub_server{listener, shape}.run();
    });
  }
  std::printf("listening %u\n", ntohs(address->sin_port));
  std::fflush(stdout);
}
