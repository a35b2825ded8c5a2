/// The load generator as a program. Prints `{"event":"window"}` when the warm-up is over and one
/// line of JSON with the result at the end.
#include "bench/closed_loop.hpp"
#include "bench/options.hpp"
#include "bench/sockets.hpp"
#include "bench/stream_load.hpp"
#include "bench/upload_load.hpp"

#include <cstdio>
#include <string>

using namespace synapse::bench;

namespace {

/// About 300 bytes, as a short chat request is.
std::string chat_body(const std::string& extra) {
  return R"({"model":"bench-model","messages":[{"role":"system","content":)"
         R"("You are a terse assistant that answers in one short paragraph."},)"
         R"({"role":"user","content":"Explain in plain words what a reverse proxy does and why )"
         R"(the time that it adds to every single answer matters."}],"temperature":0.2)" +
         extra + "}";
}

std::string post(const options& given, const std::string& body) {
  return "POST " + given.text("path") + " HTTP/1.1\r\nHost: " + given.text("target") +
         "\r\nContent-Type: application/json\r\nAccept: */*\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string get(const options& given) {
  return "GET " + given.text("path") + " HTTP/1.1\r\nHost: " + given.text("target") +
         "\r\nAccept: */*\r\n\r\n";
}

std::string stream_request(const options& given, std::uint64_t events) {
  return post(given, chat_body(R"(,"stream":true,"max_tokens":)" + std::to_string(events)));
}

/// What is to be said tells the stub how long it takes; the gateway's field for it has another
/// name than OpenAI's.
std::string speech_request(const options& given, std::uint64_t frames) {
  return post(given, "{\"" + given.text("text-field") + "\":\"" + std::to_string(frames) +
                         " frames of a reverse proxy that reads aloud.\"}");
}

std::string plain_request(const options& given) {
  if (given.text("method") == "GET")
    return get(given);
  const std::uint64_t dimensions = given.number("dimensions");
  if (dimensions > 0)
    return post(given, R"({"model":"bench-model","input":"a reverse proxy","dimensions":)" +
                           std::to_string(dimensions) + "}");
  return post(given, chat_body(""));
}

void say_window() {
  std::puts(R"({"event":"window"})");
  std::fflush(stdout);
}

using ms = std::chrono::milliseconds;

int stream(const options& given, const sockaddr_in& address, bool audio) {
  const auto request = audio ? speech_request : stream_request;
  stream_plan plan;
  plan.address = address;
  plan.warmup_request = request(given, 2);
  plan.request = request(given, given.number("events"));
  plan.streams = static_cast<unsigned>(given.number("streams"));
  plan.repeat = static_cast<unsigned>(given.number("repeat"));
  plan.expected_events = given.number("events");
  plan.audio = audio;
  plan.ramp = ms{given.number("ramp-ms")};
  plan.limit = ms{given.number("limit-ms")};
  std::puts(to_json(run_streams(plan, say_window)).c_str());
  return 0;
}

int upload(const options& given, const sockaddr_in& address) {
  upload_plan plan;
  plan.address = address;
  plan.target = given.text("target");
  plan.path = given.text("path");
  plan.uploads = static_cast<unsigned>(given.number("streams"));
  plan.file_bytes = given.number("file-bytes");
  plan.limit = ms{given.number("limit-ms")};
  std::puts(to_json(run_uploads(plan, say_window)).c_str());
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  const options given{argc,
                      argv,
                      {{"mode", "closed"}, // or stream, speech, upload
                       {"target", ""},     // a.b.c.d:port
                       {"method", "POST"},
                       {"path", "/v1/chat/completions"},
                       {"connections", "64"},
                       {"warmup-ms", "500"},
                       {"duration-ms", "3000"},
                       {"expect-bytes", "any"},
                       {"dimensions", "0"}, // above 0: an embeddings body that asks for as many
                       {"streams", "100"},
                       {"repeat", "1"},
                       {"events", "64"},            // or frames
                       {"text-field", "input"},     // of a request for speech
                       {"file-bytes", "100000000"}, // of each upload
                       {"ramp-ms", "200"},
                       {"limit-ms", "30000"}}};
  const auto address = parse_address(given.text("target"));
  const std::string& mode = given.text("mode");
  if (!address || (mode != "closed" && mode != "stream" && mode != "speech" && mode != "upload")) {
    std::fprintf(stderr,
                 "needs --target a.b.c.d:port and --mode closed, stream, speech or upload\n");
    return 2;
  }
  prepare_process();
  if (mode == "upload")
    return upload(given, *address);
  if (mode != "closed")
    return stream(given, *address, mode == "speech");
  closed_loop_plan plan;
  plan.address = *address;
  plan.request = plain_request(given);
  plan.connections = static_cast<unsigned>(given.number("connections"));
  plan.warmup = ms{given.number("warmup-ms")};
  plan.duration = ms{given.number("duration-ms")};
  if (given.text("expect-bytes") != "any")
    plan.expected_length = given.number("expect-bytes");
  std::puts(to_json(run_closed_loop(plan, say_window)).c_str());
}
