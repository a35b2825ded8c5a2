synapse_add_component(net
  PATH http/net
  SOURCES task.cpp timer_wheel.cpp io_thread.cpp transport.cpp file_sink.cpp file_source.cpp
  LINK synapse_asio)

synapse_add_test(net
  SOURCES http/net/task_test.cpp http/net/timer_wheel_test.cpp http/net/transport_test.cpp
          http/net/file_sink_test.cpp http/net/file_source_test.cpp http/net/virtual_clock_test.cpp
          http/net/io_thread_test.cpp
  DEPENDS net)
