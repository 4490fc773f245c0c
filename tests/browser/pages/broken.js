console.error('logged by the page');
throw new Error('thrown by the page');
