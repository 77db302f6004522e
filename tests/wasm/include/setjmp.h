/* WebAssembly has no setjmp(); cmocka's header wants this one to be there. */
